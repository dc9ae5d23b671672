import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Elsewhere than on Linux, or on one core, the scheduler decides, and ratios wobble more. */
const PINNING: boolean = process.platform === 'linux' && availableParallelism() > 1

const [SERVER_CORE, OTHER_CORE] = ['0', '1']

/** The words to put before a command, so that it and its children have the server's core. */
export const onServerCore: readonly string[] = PINNING ? ['taskset', '-c', SERVER_CORE] : []

/** Leave the server's core to the server: the load, and the databases started from now on, share another one. */
export function leaveServerCore(): void {
  if (PINNING) spawnSync('taskset', ['-acp', OTHER_CORE, String(process.pid)])
}
