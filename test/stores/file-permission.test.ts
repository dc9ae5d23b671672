import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratch, startChild } from '../fixtures/file-harness.ts'

test('a folder in which this user may not write is refused with the mend', async (t) => {
  const directory = scratch(t)
  // Root may write anywhere, so as root a process of nobody has to try.
  const locked = join(directory, 'locked')
  fs.mkdirSync(locked)
  fs.chmodSync(directory, 0o755)
  fs.chmodSync(locked, 0o555)
  const child = startChild({ role: 'open', directory: locked }, process.getuid?.() === 0 ? 65_534 : undefined)
  await child.ended
  assert.match(child.lines[0] ?? '', /locked: this process may not write there \(EACCES\): give its user the folder/)
})
