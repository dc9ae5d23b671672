/** Puts the packages of an example in place, with Coatcheck as it is in this checkout. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { root } from '../markdown.ts'
import type { Framework } from './frameworks.ts'

/**
 * Compiled into a folder of its own: `dist` may be being removed and made anew by somebody else just now. Gives the
 * way to install it; what `npm ci` took from the checkout is replaced, because its lock does not see a new build.
 */
export function compiled(): { readonly into: (framework: Framework) => void; readonly remove: () => void } {
  const place = mkdtempSync(join(tmpdir(), 'coatcheck-dist-'))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', place]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tsc failed:\n${stdout}`)
  return {
    into({ folder }) {
      ensurePackages(folder)
      const installed = join(folder, 'node_modules', 'coatcheck')
      rmSync(installed, { recursive: true, force: true })
      cpSync(place, join(installed, 'dist'), { recursive: true })
      cpSync(join(root, 'package.json'), join(installed, 'package.json'))
    },
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}
