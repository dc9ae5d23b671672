/** The runtimes, and what the cases come to on each. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { packages } from './packages.ts'
import type { Ended, PartResult } from './project/run-parts.ts'
import { visitsOf } from './visits.ts'
import { bundleWorker, OLDEST_DATE, startWorker, workerdVersion } from './workerd.ts'

/** One runtime. */
export interface Runtime {
  /** `Bun 1.4.5`. */
  readonly name: string
  /** Run the named parts, or all, in a {@link makeUserProject user's project}. Rejects when the runtime fails as such. */
  readonly run: (project: string, parts?: readonly string[]) => Promise<PartResult[]>
  /** One visit to a store on each of these servers. Missing where there are no sockets. */
  readonly visitServers?: (project: string, urls: Readonly<Record<string, string>>) => Promise<PartResult[]>
}

/** What a runtime may take in all; a machine with other work to do is slow. */
const LIMIT_MS = 300_000

const bin = join(packages, 'node_modules')
const platform = `${process.platform}-${process.arch}`

/** Those that run programs: the oldest Node we support, the newest, and the one of this project between them. */
export async function programs(): Promise<Runtime[]> {
  return Promise.all([
    program('Node', join(bin, `node22-${platform}`, 'bin', 'node')),
    program('Node', process.execPath),
    program('Node', join(bin, `node26-${platform}`, 'bin', 'node')),
    bun(),
    deno(),
  ])
}

export function bun(): Promise<Runtime> {
  return program('Bun', join(bin, 'bun', 'bin', 'bun.exe'))
}

export function deno(): Promise<Runtime> {
  // The program itself: a script around it would outlive it, or the other way round, when it is stopped.
  const libc = process.platform === 'linux' ? '-glibc' : ''
  return program('Deno', join(bin, '@deno', `${platform}${libc}`, 'deno'), ['run', '--allow-all'])
}

async function program(name: string, file: string, flags: readonly string[] = []): Promise<Runtime> {
  if (!existsSync(file)) throw new Error(`${name} is not available for ${platform}: ${file} is missing`)
  const [said = ''] = await linesOf(file, ['--version'])
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said
  return {
    name: `${name} ${version}`,
    run: async (project, parts = []) => resultsIn(await linesOf(file, [...flags, MAIN, ...parts], project), name),
    async visitServers(project, urls) {
      const named = Object.entries(urls).map(([server, url]) => `${server}=${url}`)
      return resultsIn(await linesOf(file, [...flags, ON_SERVERS, ...named], project), name)
    },
  }
}

const MAIN = 'test/runtimes/project/main.ts'
const ON_SERVERS = 'test/runtimes/project/on-servers.ts'

/** What a program prints; rejects when it fails or takes too long. */
async function linesOf(file: string, args: readonly string[], cwd?: string): Promise<string[]> {
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' })
  let complaints = ''
  child.stderr.on('data', (text) => (complaints += text))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [lines, status] = await Promise.all([readLines(child.stdout), ended])
  if (status !== 0) throw new Error(`${file} ended with ${status}:\n${complaints}\n${lines.slice(-3).join('\n')}`)
  return lines
}

async function readLines(from: Readable): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface(from)) lines.push(line)
  return lines
}

function resultsIn(lines: readonly string[], name: string): PartResult[] {
  const told = lines.map((line): PartResult | Ended => JSON.parse(line))
  const results = told.filter((each) => 'part' in each)
  const ended = told.find((each) => 'ended' in each)?.ended
  if (ended !== results.length)
    throw new Error(`${name} ended early, after ${results.length} cases: ${lines.at(-1) ?? 'no line'}`)
  return results
}

/**
 * workerd, as it is with the date a worker asks for: since 2026-08-04 with Node's modules unless told otherwise; with the oldest
 * date without any, so that all hashing is WebCrypto's.
 */
export function workers(): Runtime[] {
  return [OLDEST_DATE, '2026-08-04'].map((date) => ({
    name: `workerd ${workerdVersion()}, ${date}`,
    async run(project, parts) {
      const inside = await runInside(project, date)
      const outside = await runOutside(project, date)
      return [...inside, ...outside].filter(({ part }) => parts === undefined || parts.includes(part))
    },
  }))
}

/** The kit's cases, within the worker. */
async function runInside(project: string, date: string): Promise<PartResult[]> {
  const { code } = await bundleWorker(project, 'test/runtimes/project/worker-cases.ts')
  const worker = await startWorker(code, { date })
  try {
    const response = await fetch(worker.url, { signal: AbortSignal.timeout(LIMIT_MS) })
    return resultsIn((await response.text()).trim().split('\n'), `workerd: ${worker.printed()}`)
  } finally {
    await worker.stop()
  }
}

/** An application's worker, visited from outside. */
async function runOutside(project: string, date: string): Promise<PartResult[]> {
  const { code } = await bundleWorker(project, 'test/runtimes/project/worker-shop.ts')
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
  const worker = await startWorker(code, { date, env: { SESSION_KEY: key } })
  try {
    return await visitsOf(worker.url)
  } finally {
    await worker.stop()
  }
}
