/**
 * `npm run lifecycle`: observe every store and say which parts of the documentation are no longer true; exits with 1
 * when some are. `npm run lifecycle -- --write` writes them.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { looks, masked } from '../test/lifecycle/looks.ts'
import { observeAll } from '../test/lifecycle/observe.ts'
import { partOf, withPart } from '../test/lifecycle/pages.ts'
import { LIFECYCLE, tablesOf } from '../test/lifecycle/tables.ts'
import { readPage, root } from '../test/markdown.ts'

const write = process.argv.includes('--write')

compare(LIFECYCLE.page, LIFECYCLE.part, tablesOf(await observeAll()), (text) => text)
for (const [store, look] of Object.entries(looks)) compare(`docs/stores/${store}.md`, 'example', await look(), masked)

/** A part that differs only in what differs from run to run is left as it is. */
function compare(page: string, part: string, seen: string, normal: (text: string) => string): void {
  const same = normal(partOf(page, part)) === normal(seen)
  if (!same && write) writeFileSync(join(root, page), withPart(readPage(page), part, seen))
  if (!same && !write) process.exitCode = 1
  console.log(`${same ? 'true' : write ? 'written' : 'NO LONGER TRUE'}: ${page}`)
}
