/**
 * A disk of its own for stores that keep files: a few megabytes of memory, mounted in a namespace of one process, so
 * that no mount is ever left behind. Root may do that, and so may others where the kernel lets users have namespaces.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCommand } from '../../scripts/debian.ts'
import { runToEnd } from '../servers/processes.ts'
import type { DiskRun } from './disk-process.ts'
import type { Fault, RunOptions } from './fault.ts'
import type { Outcome } from './load.ts'

export const diskFaults: readonly Fault[] = [
  onDisk('file', 'full', 'the disk is full'),
  onDisk('file', 'readonly', 'the file system is read-only'),
  onDisk('sqlite', 'full', 'the disk is full'),
]

function onDisk(store: DiskRun['store'], name: DiskRun['name'], what: string): Fault {
  return { store, name, what, durable: true, run: (options) => inNamespace({ store, name, ...options }) }
}

async function inNamespace(run: Omit<DiskRun, 'directory'> & RunOptions): Promise<Outcome> {
  const unshare = ensureCommand('unshare', ['util-linux'])
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-disk-'))
  const flags = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
  const script = join(import.meta.dirname, 'disk-process.ts')
  const request: DiskRun = { ...run, directory }
  const args = [...flags, process.execPath, '--conditions=coatcheck-source', script, JSON.stringify(request)]
  try {
    const output = await runToEnd(unshare, args)
    return JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '')
  } catch (error) {
    const mend = 'it needs root, or user namespaces: sysctl kernel.unprivileged_userns_clone=1'
    throw new Error(`a small disk of its own could not be used; ${mend}`, { cause: error })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
