/** Flask under gunicorn, which its documentation names first, in a virtual environment with pinned packages. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ensureCommand } from '../../scripts/debian.ts'
import { serverDirectory } from '../../test/servers/directory.ts'
import { startServer } from '../../test/servers/server.ts'
import type { ContenderProcess, Servers } from './contender-process.ts'
import { onServerCore } from './pinning.ts'
import { cpuOf } from './process-cpu.ts'

const folder = join(import.meta.dirname, '..', 'peers', 'flask')
// Not in the checkout, where every tool that reads files would find thousands of another language.
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coatcheck')
const environment = join(cache, 'flask')

/** Make the virtual environment, unless it holds what requirements.txt says. Throws with pip's words. */
export function ensureFlask(): void {
  const requirements = readFileSync(join(folder, 'requirements.txt'), 'utf8')
  const installed = join(environment, '.installed-from')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === requirements) return
  const python = ensureCommand('python3', ['python3', 'python3-venv'])
  run(python, ['-m', 'venv', '--clear', environment])
  run(join(environment, 'bin', 'pip'), ['install', '--quiet', '-r', join(folder, 'requirements.txt')])
  writeFileSync(installed, requirements)
}

/** Start the module `name`. */
export async function startFlask(name: string, servers: Servers): Promise<ContenderProcess> {
  ensureFlask()
  // Connections stay open with threads only; one core has no use for more processes than one that waits.
  const shape = ['--workers', '2', '--worker-class', 'gthread', '--threads', '8', '--keep-alive', '60']
  const [command, ...before] = [...onServerCore, join(environment, 'bin', 'gunicorn')]
  const server = await startServer({
    name: 'gunicorn',
    command,
    args: (port) => [...before, '--bind', `127.0.0.1:${port}`, '--chdir', folder, ...shape, `${name}:app`],
    url: (port) => `http://127.0.0.1:${port}`,
    account: null,
    directory: serverDirectory(null),
    env: { BENCH_SERVERS: JSON.stringify(servers), PYTHONDONTWRITEBYTECODE: '1' },
    ping: async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/none`)
      if ((await response.text()) !== 'none') throw new Error(`gunicorn answers ${response.status}`)
      return response.headers.get('server') ?? ''
    },
  })
  return { origin: server.url, cpu: async () => cpuOf(server.pids()), stop: () => server.stop() }
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
}
