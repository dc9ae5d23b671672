/** Database servers want an initialised data folder, which takes a second to make: made once per machine, then copied. */
import { closeSync, lstatSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { removeDirectory, serverDirectory } from './directory.ts'
import { runToEnd, type Account } from './processes.ts'

/**
 * A fresh server folder whose `data` is what `initialise(data)` makes. `key` names its content: product, version and
 * whatever the settings change.
 *
 * The copies come from one tar file, put in place by a rename: two processes may make it at once and the last one
 * wins, and a cleaner of temporary files that removes old ones cannot leave half of it.
 */
export async function initialisedDirectory(
  key: string,
  account: Account | null,
  initialise: (data: string) => Promise<unknown>,
): Promise<string> {
  const archive = join(cacheDirectory(), `${key}.tar`)
  for (let attempt = 0; ; attempt++) {
    const file = openIfPresent(archive)
    if (file !== null) {
      const directory = serverDirectory(account)
      try {
        await runToEnd('tar', ['-xf', '-', '-C', directory], { account, input: file })
        return directory
      } catch (error) {
        removeDirectory(directory)
        throw error
      } finally {
        closeSync(file)
      }
    }
    if (attempt > 0) throw new Error(`${archive} disappeared while it was being used`)
    await makeArchive(archive, account, initialise)
  }
}

async function makeArchive(
  archive: string,
  account: Account | null,
  initialise: (data: string) => Promise<unknown>,
): Promise<void> {
  const directory = serverDirectory(account)
  try {
    await initialise(join(directory, 'data'))
    const made = join(directory, 'data.tar')
    await runToEnd('tar', ['-cSf', made, '-C', directory, 'data'], { account })
    renameSync(made, archive)
  } finally {
    removeDirectory(directory)
  }
}

/** Its name is easy to guess, so one that belongs to somebody else is refused rather than trusted. */
function cacheDirectory(): string {
  const { uid } = userInfo()
  const directory = join(tmpdir(), `coatcheck-cache-${uid}`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const status = lstatSync(directory)
  if (!status.isDirectory() || (uid !== -1 && status.uid !== uid))
    throw new Error(`${directory} is not a folder of this user: remove it, or set TMPDIR to another place`)
  return directory
}

function openIfPresent(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
