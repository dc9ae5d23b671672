/** Every order of a race, without running those twice whose rest is the same. */
import { createHash } from 'node:crypto'
import type { Store } from '../../src/index.ts'
import { brokenAtEnd, brokenNow, look } from './promises.ts'
import { DEEDS, startRace } from './race.ts'
import type { Deed, Race } from './race.ts'

/** How much was looked at. */
export interface Explored {
  /** Orders of the store's calls, each of which keeps every promise. */
  readonly orders: bigint
  /** Races that were run for it, and different moments they went through. */
  readonly runs: number
  readonly moments: number
}

interface Node {
  /** Whose turn it may be, and where that leads. */
  readonly next: Map<number, Node>
}

/** A broken promise, with the schedule that shows it again. */
export class BrokenPromise extends Error {
  readonly schedule: string

  constructor(schedule: string, broken: string) {
    super(`${broken}\n  schedule: ${schedule}`)
    this.schedule = schedule
  }
}

/** `write+destroy@0110`: what is done, and whose turn it is. */
export function scheduleOf(deeds: readonly Deed[], turns: readonly number[]): string {
  return `${deeds.join('+')}@${turns.join('')}`
}

/**
 * Run every order of `deeds`, each over a new store of `open`. Throws a {@link BrokenPromise} at the first that breaks one.
 *
 * Two orders that have led to one and the same moment go on alike: the store holds the same, the clock shows the same,
 * and every party has been answered the same. So only one of them is continued, and both are counted.
 */
export async function exploreRace(deeds: readonly Deed[], open: () => Store): Promise<Explored> {
  const nodes = new Map<string, Node>()
  let runs = 0
  // Turns that lead to a moment, and one of its turns that nobody has taken yet.
  const left: {
    readonly turns: readonly number[]
    readonly dead: boolean
    readonly from: Node
    readonly take: number
  }[] = []

  async function arrive(
    race: Race,
    turns: readonly number[],
    wasDead: boolean,
  ): Promise<{ node: Node; dead: boolean; known: boolean }> {
    const moment = await look(race, wasDead, 0)
    const key = createHash('sha1').update(moment.text).digest('base64')
    const found = nodes.get(key)
    if (found) return { node: found, dead: moment.dead, known: true }
    const ready = waiting(race)
    const broken = brokenNow(race, moment) ?? (ready.length === 0 ? brokenAtEnd(race, moment) : undefined)
    if (broken !== undefined) throw new BrokenPromise(scheduleOf(deeds, turns), broken)
    const node: Node = { next: new Map() }
    nodes.set(key, node)
    for (const take of ready) left.push({ turns, dead: moment.dead, from: node, take })
    return { node, dead: moment.dead, known: false }
  }

  runs += 1
  const root = (await arrive(await startRace(open(), deeds), [], false)).node
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    let { from, take, dead } = next
    const turns = [...next.turns]
    const race = await startRace(open(), deeds)
    runs += 1
    for (const turn of turns) await race.parties[turn]?.turn()
    for (;;) {
      await race.parties[take]?.turn()
      turns.push(take)
      const arrived = await arrive(race, [...turns], dead)
      from.next.set(take, arrived.node)
      if (arrived.known) break
      // Its own turns were put on the list last: go on with one of them in this very race.
      const more = left.at(-1)
      if (more?.from !== arrived.node) break
      left.pop()
      ;({ from, take, dead } = more)
    }
  }
  return { orders: ordersFrom(root, new Map()), runs, moments: nodes.size }
}

/** Run one order again, telling every call. Resolves with what it breaks, or undefined. */
export async function replay(
  schedule: string,
  open: () => Store,
  tell: (line: string) => void = () => {},
): Promise<string | undefined> {
  const [words = '', digits = ''] = schedule.split('@')
  const race = await startRace(open(), words.split('+').map(deedOf))
  let moment = await look(race, false, 0)
  for (const digit of digits) {
    const turn = Number(digit)
    const party = race.parties[turn]
    if (!party) throw new Error(`there is no party ${digit} in ${words}`)
    await party.turn()
    tell(`${turn} ${race.deeds[turn]}: ${party.history.at(-1)}`)
    moment = await look(race, moment.dead, 0)
    const broken = brokenNow(race, moment)
    if (broken !== undefined) return broken
  }
  return waiting(race).length === 0 ? brokenAtEnd(race, moment) : undefined
}

function deedOf(word: string): Deed {
  const deed = DEEDS.find((each) => each === word)
  if (deed === undefined) throw new Error(`nobody can ${word}; there are ${DEEDS.join(', ')}`)
  return deed
}

/** The parties whose turn it may be. */
export function waiting(race: Race): readonly number[] {
  return race.parties.flatMap(({ waiting: call }, index) => (call ? [index] : []))
}

/** All sets of `size` deeds. Parties differ by what they do alone, so the order in which they are named is no other race. */
export function racesOf(deeds: readonly Deed[], size: number): readonly (readonly Deed[])[] {
  if (size === 0) return [[]]
  return deeds.flatMap((deed, index) => racesOf(deeds.slice(index), size - 1).map((rest) => [deed, ...rest]))
}

function ordersFrom(node: Node, known: Map<Node, bigint>): bigint {
  const before = known.get(node)
  if (before !== undefined) return before
  let orders = node.next.size === 0 ? 1n : 0n
  for (const next of node.next.values()) orders += ordersFrom(next, known)
  known.set(node, orders)
  return orders
}
