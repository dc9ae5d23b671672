import { OnGiven } from '../runtime/private-field.ts'

/** The session of one cookie's name on a request, or the way to open it once it is asked for. */
export interface Carried<S extends object = object> {
  readonly cookieName: string
  /** Who registered it: another instance under the same name must not take it for its own. */
  readonly instance: object
  session: S | undefined
  opener: (() => Promise<S>) | undefined
}

/** What a request carries of all instances. */
class RequestCargo extends OnGiven {
  readonly #carried: Carried[] = []

  static of(request: object): Carried[] | undefined {
    return #carried in request ? request.#carried : undefined
  }
}

/** What is registered on this request, in order. */
export function carriedBy(request: object): readonly Carried[] {
  return RequestCargo.of(request) ?? NOTHING
}

/** Register one more. */
export function carry(request: object, carried: Carried): void {
  if (!RequestCargo.of(request)) void new RequestCargo(request)
  RequestCargo.of(request)?.push(carried)
}

const NOTHING: readonly Carried[] = []
