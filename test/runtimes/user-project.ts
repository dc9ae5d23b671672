/** What a user has: a folder in which the built package is installed, here with the programs that the runtimes run. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** Packages that the programs import, beside those that Coatcheck itself depends on. */
const PACKAGES = ['hono', '@hono/node-server']

/** Clients of databases, with dependencies of their own. */
const CLIENTS = ['mongodb', 'mysql2', 'pg', 'redis']

/** Built from today's sources into a new folder, so that no earlier build can pass for it. Returns the folder. */
export function makeUserProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-runtimes-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'coatcheck')
  mkdirSync(installed, { recursive: true })
  build(join(installed, 'dist'))
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), ...PACKAGES])
    cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true })
  for (const name of CLIENTS) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
  // Their own paths, because they import each other by them.
  for (const part of ['test/runtimes/project', 'test/adapters/cookie-cases.ts'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  return folder
}

function build(outDir: string): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const flags = ['-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  const { status, error, stdout } = spawnSync(tsc, flags, { cwd: root, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`the build failed:\n${stdout}`)
}
