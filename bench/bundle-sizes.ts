/**
 * What an entry of the package weighs where bytes count: bundled with its dependencies, minified, gzipped. Clients,
 * frameworks and Node's own modules are not in it: they are the application's, or there already.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The part of esbuild that is used: it is installed beside the peers, where TypeScript does not look. */
interface Bundler {
  build(
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly outputFiles: readonly { contents: Uint8Array }[] }>
}

/** Bytes by entry (`coatcheck/express`), and those of `coatcheck + sealing`. The packages of the peers must be there. */
export async function bundleSizes(): Promise<Map<string, number>> {
  const bundler: Bundler = createRequire(join(root, 'bench', 'peers', 'package.json'))('esbuild')
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => entry.replace('.', 'coatcheck'))
  const sizes = new Map<string, number>()
  for (const entry of entries) sizes.set(entry, await sizeOf(bundler, [entry]))
  sizes.set('coatcheck + sealing', await sizeOf(bundler, ['coatcheck', 'coatcheck/stores/cookie']))
  return sizes
}

async function sizeOf(bundler: Bundler, entries: readonly string[]): Promise<number> {
  const { outputFiles } = await bundler.build({
    stdin: {
      contents: entries.map((entry, n) => `export * as e${n} from ${JSON.stringify(entry)}`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    conditions: ['coatcheck-source'],
    external: externals(),
    write: false,
    logLevel: 'silent',
  })
  return outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0)
}

/** All that is installed here and that users do not get with the package. */
function externals(): string[] {
  return Object.keys(manifest.devDependencies)
}
