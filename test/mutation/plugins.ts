/**
 * What Stryker is to leave out. Its own types are not imported: they are in a package that is installed only where
 * somebody runs mutants, and the project's type check runs everywhere.
 */
import { createHash } from 'node:crypto'
import { InProcessRunner } from './runner.ts'

/** As much of a Babel path as is looked at. */
interface NodePath {
  readonly node: { readonly type: string; readonly callee?: { readonly name?: string } }
  readonly key: string | number | null
  readonly listKey?: string | undefined
  readonly parentPath: NodePath | null
}

/** As much of a mutant as is looked at; `fileName` is absolute, in the copy under test. */
interface Mutant {
  readonly id: string
  readonly fileName: string
  readonly location: { readonly start: Position; readonly end: Position }
  readonly mutatorName: string
  readonly replacement: string
}

interface Position {
  readonly line: number
  readonly column: number
}

type CheckResult = { readonly status: 'passed' } | { readonly status: 'compileError'; readonly reason: string }

/** Calls whose texts are for people, and from which argument on. A test that repeats them would test nothing. */
const SPEAKERS: Readonly<Record<string, number>> = { SessionError: 1, warn: 1, refuse: 0, refusal: 1, SyntaxError: 0 }
const TEXTS = new Set(['StringLiteral', 'TemplateLiteral'])
/** What texts are joined with on their way into such a call. */
const JOINS = new Set(['BinaryExpression', 'ConditionalExpression', 'LogicalExpression'])

/** Why texts for people are left out. */
export const WORDS = 'words for people'

/** The code of an error is mutated, its words are not. */
export function isMessage(path: NodePath): boolean {
  if (!TEXTS.has(path.node.type)) return false
  let at = path
  while (at.parentPath && JOINS.has(at.parentPath.node.type)) at = at.parentPath
  const from = SPEAKERS[at.parentPath?.node.callee?.name ?? '']
  return from !== undefined && at.listKey === 'arguments' && Number(at.key) >= from
}

/** Where a mutant stands among all, in per cent: the same again for the same seed, so that a sample can grow. */
export function placeOf({ fileName, location, replacement }: Mutant, seed: string): number {
  const { start, end } = location
  // The sources are mutated in a copy, whose path is another one every time.
  const file = fileName.slice(fileName.lastIndexOf('/src/'))
  const name = [seed, file, start.line, start.column, end.line, end.column, replacement].join('\0')
  return createHash('sha256').update(name).digest().readUInt32BE() % 100
}

const { MUTANTS_FROM = '0', MUTANTS_TO = '100', MUTANTS_SEED = '1' } = process.env

/** What Stryker loads; `compileError` is its only way for a plugin to leave a single mutant out of the count. */
export const strykerPlugins: readonly object[] = [
  { kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner },
  {
    kind: 'Ignore',
    name: 'messages',
    value: { shouldIgnore: (path: NodePath) => (isMessage(path) ? WORDS : undefined) },
  },
  {
    kind: 'Checker',
    name: 'sample',
    value: {
      init: async () => {},
      check: async (mutants: readonly Mutant[]) =>
        Object.fromEntries(mutants.map((mutant) => [mutant.id, checked(mutant)])),
      group: async (mutants: readonly Mutant[]) => [mutants.map(({ id }) => id)],
    },
  },
]

function checked(mutant: Mutant): CheckResult {
  const place = placeOf(mutant, MUTANTS_SEED)
  return Number(MUTANTS_FROM) <= place && place < Number(MUTANTS_TO)
    ? { status: 'passed' }
    : { status: 'compileError', reason: 'not in the sample' }
}
