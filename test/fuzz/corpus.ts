/** Inputs that are kept: those that found something, and those that go far, in a file for each target. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The inputs of a target by what each is about; none when it has no file. */
export function corpusOf(target: string): Readonly<Record<string, string>> {
  const path = join(import.meta.dirname, 'corpus', `${target}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
