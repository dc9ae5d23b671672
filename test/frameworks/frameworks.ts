/** The frameworks that have an example, and what only each of them knows. */
import { join } from 'node:path'
import { root } from '../markdown.ts'
import { walkNext } from './next.ts'
import { walkCookies } from './own-cookies.ts'
import type { App } from './app.ts'

export interface Framework {
  readonly name: string
  readonly folder: string
  /** The arguments for Node, and the environment, that make its production server listen on this port of loopback. */
  readonly start: (port: number) => { readonly args: readonly string[]; readonly env?: NodeJS.ProcessEnv }
  /** Whether its page shows a notice after signing out. */
  readonly notices: boolean
  /** Steps that concern only this framework. */
  readonly walk?: (app: App) => Promise<void>
}

/** In the order of how many use them. */
export const frameworks: readonly Framework[] = [
  {
    name: 'next',
    folder: example('next'),
    start: (port) => ({ args: ['node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)] }),
    notices: false,
    walk: walkNext,
  },
  {
    name: 'sveltekit',
    folder: example('sveltekit'),
    start: (port) => ({
      args: ['build/index.js'],
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        PROTOCOL_HEADER: 'x-forwarded-proto',
        HOST_HEADER: 'x-forwarded-host',
      },
    }),
    notices: true,
    walk: walkCookies,
  },
  {
    name: 'react-router',
    folder: example('react-router'),
    start: (port) => ({
      args: ['server.js'],
      env: { HOST: '127.0.0.1', PORT: String(port) },
    }),
    notices: true,
  },
  {
    name: 'astro',
    folder: example('astro'),
    start: (port) => ({
      args: ['dist/server/entry.mjs'],
      env: { HOST: '127.0.0.1', PORT: String(port) },
    }),
    notices: true,
    walk: walkCookies,
  },
  {
    name: 'h3',
    folder: example('h3'),
    start: (port) => ({ args: ['server.ts'], env: { HOST: '127.0.0.1', PORT: String(port) } }),
    notices: true,
  },
  {
    name: 'nitro',
    folder: example('nitro'),
    start: (port) => ({
      args: ['.output/server/index.mjs'],
      env: { HOST: '127.0.0.1', PORT: String(port) },
    }),
    notices: true,
  },
]

function example(name: string): string {
  return join(root, 'examples', 'frameworks', name)
}
