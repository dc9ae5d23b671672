/** The exploration over a core that was broken on purpose, as `scripts/breaks.ts` does it: a copy with one edit. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Break } from '../../scripts/breaks-core.ts'
import type { ModelRun } from './model-run.ts'
import type { Deed } from './race.ts'

const root = join(import.meta.dirname, '../..')

/** The schedule and the broken promise that the first of `races` shows over a core broken so; undefined when none does. */
export function shownBy(broken: Break, races: readonly (readonly Deed[])[]): Promise<string | undefined> {
  return inCopy(broken, (copy) => firstBroken(copy, races))
}

/** What sequences of the model show over a core broken so, shrunk; undefined when nothing. */
export function shownByModel(broken: Break, run: ModelRun): Promise<string | undefined> {
  return inCopy(broken, async (copy) => {
    // oxlint-disable typescript/no-unsafe-type-assertion -- a copy of what the types come from
    const { runModel } = (await load(copy, 'test/proof/model-run.ts')) as typeof import('./model-run.ts')
    const { memoryStore } = (await load(copy, 'src/stores/memory.ts')) as typeof import('../../src/stores/memory.ts')
    // oxlint-enable typescript/no-unsafe-type-assertion
    try {
      await runModel([memoryStore()], run)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
}

/** Do something with a copy of the repository that is broken so: of `src` and of these folders. */
export async function inCopy<Result>(
  { file, edits }: Break,
  body: (copy: string) => Promise<Result>,
  folders: readonly string[] = ['test/proof'],
): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'coatcheck-broken-core-'))
  try {
    for (const folder of ['src', ...folders]) cpSync(join(root, folder), join(copy, folder), { recursive: true })
    cpSync(join(root, 'package.json'), join(copy, 'package.json'))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir')
    const path = join(copy, 'src', file)
    const text = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      edits.reduce((before, [find, replace]) => before.replace(find, () => replace), text),
    )
    return await body(copy)
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** The copy is another set of modules, so that several cores live in one process without knowing of each other. */
async function firstBroken(copy: string, races: readonly (readonly Deed[])[]): Promise<string | undefined> {
  // oxlint-disable typescript/no-unsafe-type-assertion -- a copy of what the types come from
  const { exploreRace } = (await load(copy, 'test/proof/explore.ts')) as typeof import('./explore.ts')
  const { memoryStore } = (await load(copy, 'src/stores/memory.ts')) as typeof import('../../src/stores/memory.ts')
  // oxlint-enable typescript/no-unsafe-type-assertion
  for (const deeds of races) {
    try {
      await exploreRace(deeds, () => memoryStore())
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return undefined
}

function load(copy: string, file: string): Promise<unknown> {
  return import(pathToFileURL(join(copy, file)).href)
}
