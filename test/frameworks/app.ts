/** Starts the production server of an example, on a port and a store of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileStore } from '../../src/stores/file.ts'
import { freePort } from '../servers/free-port.ts'
import type { Store } from '../../src/index.ts'
import type { Framework } from './frameworks.ts'

export interface App {
  readonly port: number
  /** The records of the app, seen from outside. */
  readonly store: Store
  /** What the server has printed. */
  readonly output: () => string
  readonly stop: () => Promise<void>
}

/** No framework of ours reports to its makers from a test. */
export const quiet: NodeJS.ProcessEnv = {
  NEXT_TELEMETRY_DISABLED: '1',
  ASTRO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}

/** Milliseconds that a server may take until it answers. */
const LONGEST_START = 60_000

export async function startApp({ folder, start }: Framework): Promise<App> {
  const place = mkdtempSync(join(tmpdir(), 'coatcheck-framework-'))
  const port = await freePort()
  const { args, env } = start(port)
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...outer } = process.env
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...outer, ...quiet, NODE_ENV: 'production', SESSION_STORE: `file:${place}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(place, { recursive: true, force: true })
  }
  try {
    await untilAnswering(port, () => child.exitCode !== null)
  } catch (error) {
    await stop()
    throw new Error(`the server did not start:\n${said}`, { cause: error })
  }
  return { port, store: fileStore(place), output: () => said, stop }
}

async function untilAnswering(port: number, hasEnded: () => boolean): Promise<void> {
  const until = performance.now() + LONGEST_START
  while (true) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`)
      await response.body?.cancel()
      return
    } catch (error) {
      assert.ok(!hasEnded(), 'it ended')
      if (performance.now() > until) throw error
      await sleep(50)
    }
  }
}
