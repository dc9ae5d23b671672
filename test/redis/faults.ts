/** Prints the table of docs/stores/redis.md: `node --conditions=coatcheck-source test/redis/faults.ts` */
import { faultRuns } from './fault-runs.ts'

console.log(
  '| what happened | client | requests saved | failed | longest request | longest pause | lost | logged out | back |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
const only = process.argv[2] ?? ''
for (const [name, run] of Object.entries(faultRuns).filter(([each]) => each.includes(only)))
  for (const client of ['redis', 'ioredis'] as const) {
    const { saved, failed, longest, pause, lost, loggedOut, returned, loggedOutOnPurpose } = await run(client)
    const errors = Object.entries(failed).map(([code, count]) => `${count} \`${code}\``)
    const cells = [
      name,
      client,
      `${saved}`,
      errors.join(', ') || '0',
      `${longest} ms`,
      `${pause} ms`,
      `${lost}`,
      `${loggedOut}`,
      `${returned} of ${loggedOutOnPurpose}`,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
