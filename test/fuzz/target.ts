/** What is fuzzed, and what must hold whatever comes in. */
import { errorCodes, SessionError } from '../../src/errors.ts'

/** One way into the code, for inputs that are texts, so that each can be kept, read and played back. */
export interface FuzzTarget {
  readonly name: string
  /** The files whose code this is about, below the root of the project. */
  readonly covers: readonly string[]
  /** How new inputs are made of old ones. */
  readonly form: 'text' | 'json'
  /** Words of the format, for mutations. */
  readonly words: readonly string[]
  /** Inputs to begin with; the corpus of `corpus/` comes on top. */
  readonly seeds: readonly string[]
  /** Throws, or rejects, where something does not hold that must. */
  run(input: string): void | Promise<void>
  /** Inputs that grow with a number: time must not grow faster than they do. */
  readonly growing?: Readonly<Record<string, (size: number) => string>>
  stop?(): Promise<void>
}

/** Something that must hold did not. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

/** Throws a {@link Finding} unless `holds`. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Finding(what)
}

/** What a call came to, where a refusal by one of our codes is an answer like any other. */
export type Outcome<Result> = { readonly result: Result } | { readonly refused: SessionError }

/** The answer of a call; throws a {@link Finding} when it throws anything but an error of ours. */
export function outcomeOf<Result>(call: () => Result): Outcome<Result> {
  try {
    return { result: call() }
  } catch (error) {
    return refusal(error)
  }
}

/** The same for a promise. */
export async function settled<Result>(call: () => Promise<Result> | Result): Promise<Outcome<Result>> {
  try {
    return { result: await call() }
  } catch (error) {
    return refusal(error)
  }
}

/** What stands for an error of the application's own. */
export const OWN: SessionError = new SessionError('bad_option', 'thrown by the application')

/** What the application's own objects throw when they are looked at, by us or by a target, is its own. */
export function isOwn(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('thrown by ')
}

function refusal(error: unknown): { readonly refused: SessionError } {
  if (error instanceof Finding) throw error
  if (isOwn(error)) return { refused: OWN }
  if (error instanceof SessionError && Object.hasOwn(errorCodes, error.code)) return { refused: error }
  throw new Finding(`threw what is no SessionError: ${describe(error)}`, { cause: error })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [, where = ''] = /\n\s+at (.*)/.exec(error.stack ?? '') ?? []
  return `${error.name}: ${error.message.slice(0, 200)} at ${where}`
}
