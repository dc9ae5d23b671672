/** From Stryker's report to what is told of it. */
import { readFileSync } from 'node:fs'
import type { Argued } from './argued.ts'
import { WORDS } from './plugins.ts'

interface Position {
  readonly line: number
  readonly column: number
}

interface ReportedMutant {
  readonly mutatorName: string
  readonly replacement: string
  readonly status: string
  readonly statusReason?: string
  readonly location: { readonly start: Position; readonly end: Position }
}

/** As much of Stryker's JSON report as is looked at. */
export interface StrykerReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly ReportedMutant[] }>>
}

/** A mutant that no test noticed. */
export interface Survivor {
  readonly file: string
  readonly line: number
  /** For Stryker's `mutate`: lines from 1, columns from 0. */
  readonly range: string
  readonly mutator: string
  readonly was: string
  readonly becomes: string
  /** No test even reaches it. */
  readonly unreached: boolean
  /** Why that is right, where `argued.ts` says so. */
  readonly why: string | undefined
}

/** Counts of one area; `killed` has those that ran out of time. */
export interface Summary {
  readonly made: number
  readonly tried: number
  readonly killed: number
  readonly timedOut: number
  readonly survivors: readonly Survivor[]
}

/**
 * What several runs found together: a mutant that survived one of them may have been killed in a later one, by a new
 * test. `sourceOf` gives a file as it is now: what was found in another version of it counts no more.
 */
export function summarise(
  reports: readonly string[],
  argued: readonly Argued[],
  sourceOf: (file: string) => string,
): Summary {
  const found = new Map<string, { readonly file: string; readonly source: string; readonly mutant: ReportedMutant }>()
  for (const path of reports) {
    const report = JSON.parse(readFileSync(path, 'utf8')) as StrykerReport
    for (const [file, { source, mutants }] of Object.entries(report.files)) {
      if (source !== sourceOf(file)) continue
      for (const mutant of mutants) {
        const name = JSON.stringify([file, mutant.location, mutant.mutatorName, mutant.replacement])
        const before = found.get(name)?.mutant
        if (!before || WEIGHT.indexOf(mutant.status) > WEIGHT.indexOf(before.status))
          found.set(name, { file, source, mutant })
      }
    }
  }
  const all = [...found.values()].filter(({ mutant }) => !isWords(mutant))
  const tried = all.filter(({ mutant }) => !LEFT_OUT.has(mutant.status))
  const survivors = tried
    .filter(({ mutant }) => mutant.status === 'Survived' || mutant.status === 'NoCoverage')
    .map(({ file, source, mutant }) => survivor(file, source, mutant, argued))
  const timedOut = tried.filter(({ mutant }) => mutant.status === 'Timeout').length
  return { made: all.length, tried: tried.length, killed: tried.length - survivors.length, timedOut, survivors }
}

/** Stryker says `CompileError` of what is not in the sample, and `Ignored` of what needs a process of its own. */
const LEFT_OUT = new Set(['CompileError', 'Ignored'])

function isWords({ status, statusReason }: ReportedMutant): boolean {
  return status === 'Ignored' && statusReason === WORDS
}

/** Of two results for one mutant the later in this list counts. */
const WEIGHT = ['Ignored', 'CompileError', 'NoCoverage', 'Survived', 'Timeout', 'RuntimeError', 'Killed']

/** Of those tried, in per cent. */
export function score({ tried, killed }: Pick<Summary, 'tried' | 'killed'>): number {
  return tried === 0 ? 100 : (100 * killed) / tried
}

function survivor(file: string, source: string, mutant: ReportedMutant, argued: readonly Argued[]): Survivor {
  const { start, end } = mutant.location
  const was = between(source, start, end)
  const becomes = mutant.replacement
  return {
    file,
    line: start.line,
    // The report counts columns from 1, the option from 0.
    range: `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
    mutator: mutant.mutatorName,
    was,
    becomes,
    unreached: mutant.status === 'NoCoverage',
    why: argued.find((one) => one.file === file && was.startsWith(one.was) && becomes.startsWith(one.becomes))?.why,
  }
}

function between(source: string, start: Position, end: Position): string {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  return lines
    .map((line, at) => line.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined))
    .join('\n')
}
