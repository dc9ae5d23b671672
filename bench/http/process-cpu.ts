import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time of these processes so far, microseconds, all threads: what the scheduler of Linux has counted in
 * nanoseconds. The ten milliseconds of /proc/PID/stat would be percents of a stretch of load. A thread that has ended
 * is not in it, so measure servers whose processes and threads stay.
 */
export function cpuOf(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}`))
  const nanoseconds = threads.map((place) => Number(readFileSync(`/proc/${place}/schedstat`, 'utf8').split(' ')[0]))
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
}
