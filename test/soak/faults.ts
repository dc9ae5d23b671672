/** What is done to servers and stores while visitors are there: one thing at a time, picked by seed. */
import type { AppProcess } from './app-process.ts'
import type { Relay } from '../relay/relay.ts'
import type { Server } from '../servers/index.ts'

export type FaultKind = 'kill' | 'pause' | 'cut'

/** What can be broken. */
export interface Targets {
  /** The first of them is never killed: its memory is watched. */
  readonly apps: readonly AppProcess[]
  readonly server: Server | undefined
  readonly relay: Relay | undefined
  /** The store is about to forget everything, if it does when it is killed. */
  readonly onWipe: () => void
  readonly pause: (ms: number) => Promise<void>
}

/** How often each was done. */
export type FaultCounts = Record<string, number>

/** Something to do; resolves when all is well again. */
type FaultDeed = readonly [name: string, kind: FaultKind, act: () => Promise<void>]

/** All that can be done to these targets, of these kinds. */
export function faultDeeds(
  { apps, server, relay, onWipe, pause }: Targets,
  kinds: readonly FaultKind[],
  random: () => number,
  longest: number,
): readonly FaultDeed[] {
  const one = <One>(all: readonly One[]): One | undefined => all[Math.floor(random() * all.length)]
  const deeds: FaultDeed[] = [
    [
      'server killed',
      'kill',
      async () => {
        const app = one(apps.slice(1))
        await app?.kill()
        await pause(random() * 300)
        await app?.start()
      },
    ],
    [
      'server stopped and continued',
      'pause',
      async () => {
        const app = one(apps)
        app?.pause()
        await pause(random() * longest)
        app?.resume()
      },
    ],
    ['visitors cut off', 'cut', async () => one(apps)?.cut()],
  ]
  if (server)
    deeds.push(
      [
        'store killed and restarted',
        'kill',
        async () => {
          onWipe()
          await server.kill9()
          onWipe()
          await pause(random() * 300)
          await server.restart()
        },
      ],
      [
        'store stopped and continued',
        'pause',
        async () => {
          await server.pause()
          await pause(random() * longest)
          server.resume()
        },
      ],
    )
  if (relay)
    deeds.push(
      ['store cut off', 'cut', async () => relay.cut()],
      // Each request has its own fate: one in four is lost, and one in four is carried out without an answer.
      [
        'requests and replies of the store lost',
        'cut',
        async () => {
          const fates = ['pass', 'pass', 'cut before', 'cut after'] as const
          relay.fate = () => one(fates) ?? 'pass'
          await pause((random() * longest) / 3)
          relay.fate = () => 'pass'
        },
      ],
    )
  return deeds.filter(([, kind]) => kinds.includes(kind))
}
