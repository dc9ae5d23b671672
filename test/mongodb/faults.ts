/** Prints the table of docs/stores/mongodb.md: `node --conditions=coatcheck-source test/mongodb/faults.ts` */
import { faultRuns } from './fault-runs.ts'

console.log('| what happened | requests saved | failed | longest request | longest pause | lost | logged out | back |')
console.log('|---|---|---|---|---|---|---|---|')
for (const [name, run] of Object.entries(faultRuns)) {
  const { saved, failed, longest, pause, lost, loggedOut, returned, loggedOutOnPurpose } = await run()
  const errors = Object.entries(failed).map(([code, count]) => `${count} \`${code}\``)
  const back = `${returned} of ${loggedOutOnPurpose}`
  console.log(
    `| ${[name, saved, errors.join(', ') || 0, `${longest} ms`, `${pause} ms`, lost, loggedOut, back].join(' | ')} |`,
  )
}
