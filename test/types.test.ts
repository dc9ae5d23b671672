/**
 * What users see of the types: `test/types/*.ts` against the declarations of the package, with the TypeScript versions
 * that users have, under the strictest settings. Each file says what compiles, and by `@ts-expect-error` what must not.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { ensurePackages } from '../scripts/ensure-packages.ts'
import { root } from './markdown.ts'

const FILES = join(root, 'test/types')
const COMPILERS = join(FILES, 'compilers')

/** How modules are found, and the `module` that goes with it. */
const resolutions = { nodenext: 'nodenext', bundler: 'esnext' } as const

/** Each version, where it is, and under which resolutions: the older ones take ten times as long for each. */
const compilers = [
  ['5.9', join(COMPILERS, 'node_modules/typescript5'), ['bundler']],
  ['6', join(COMPILERS, 'node_modules/typescript6'), ['nodenext']],
  ['7', join(root, 'node_modules/typescript'), ['nodenext', 'bundler']],
] as const

const STRICTEST = {
  target: 'es2024',
  // No DOM: whoever writes a server has none.
  lib: ['es2024'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noEmit: true,
}

suite('types', () => {
  const project = mkdtempSync(join(tmpdir(), 'coatcheck-types-'))

  before(async () => {
    ensurePackages(COMPILERS)
    const coatcheck = join(project, 'node_modules/coatcheck')
    // A build of its own: that of `npm run build` comes and goes while other tests run.
    const out = ['--outDir', join(coatcheck, 'dist'), '--emitDeclarationOnly', '--declarationMap', 'false']
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--sourceMap', 'false', ...out])
    cpSync(join(root, 'package.json'), join(coatcheck, 'package.json'))
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
    const { exports, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    link(Object.keys(dependencies))
    link(['@types/node', '@types/express', '@types/koa', ...imported()])
    const entries = Object.keys(exports).filter((entry) => !/(augment|package\.json)$/.test(entry))
    const lines = entries.map((entry, index) => `export * as m${index} from 'coatcheck${entry.slice(1)}'`)
    mkdirSync(join(project, 'entries'))
    writeFileSync(join(project, 'entries/all.ts'), lines.join('\n'))
    for (const file of globSync('*.ts', { cwd: FILES })) cpSync(join(FILES, file), join(project, file))
  })

  after(() => rmSync(project, { recursive: true, force: true }))

  for (const [version, typescript, ways] of compilers) {
    for (const moduleResolution of ways) {
      test(`TypeScript ${version}, "moduleResolution": "${moduleResolution}"`, async (t) => {
        const { version: exact } = JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8'))
        assert.ok(exact.startsWith(`${version}.`), `this is TypeScript ${exact}`)
        t.diagnostic(`TypeScript ${exact}`)
        await compile(typescript, ['*.ts'], {
          module: resolutions[moduleResolution],
          moduleResolution,
          skipLibCheck: true,
        })
      })
    }

    // The declarations of some frameworks do not pass this, so it is tried with ours alone.
    test(`TypeScript ${version}: our declarations have no error of their own`, async () => {
      await compile(typescript, ['entries/*.ts'], { module: 'nodenext', skipLibCheck: false })
    })
  }

  async function compile(typescript: string, include: readonly string[], options: object): Promise<void> {
    const config = join(mkdtempSync(join(project, 'settings-')), 'tsconfig.json')
    const compilerOptions = { ...STRICTEST, ...options, typeRoots: [join(project, 'node_modules/@types')] }
    writeFileSync(config, JSON.stringify({ compilerOptions, include: include.map((files) => `../${files}`) }))
    await run(process.execPath, [join(typescript, 'bin/tsc'), '-p', config])
  }

  /** As npm would have them beside ours. */
  function link(names: readonly string[]): void {
    for (const name of new Set(names)) {
      const place = join(project, 'node_modules', name)
      mkdirSync(dirname(place), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), place, 'junction')
    }
  }
})

/** The packages that the files import, but for ours. */
function imported(): string[] {
  return globSync('*.ts', { cwd: FILES })
    .flatMap((file) => [...readFileSync(join(FILES, file), 'utf8').matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g)])
    .flatMap(([, name = '']) => (name === 'coatcheck' || name.startsWith('node:') ? [] : name))
}

/** Run a program; when it fails, fail with what it printed: compilers speak on stdout. */
async function run(file: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(file, args, { cwd: root })
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? error.stdout : error
    assert.fail(`${basename(args[0] ?? file)} ${args.join(' ')}\n${String(said)}`)
  }
}
