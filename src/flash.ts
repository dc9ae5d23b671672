import type { Session } from './session.ts'

/** Flask's own key, so that both can read each other's messages. */
const KEY = '_flashes'

/** A message for the next page. */
export interface Flash {
  readonly category: string
  readonly message: string
}

/** Keep a message until {@link takeFlashes} takes it, usually on the page after a redirect. */
export function flash<Data extends object>(session: Session<Data>, category: string, message: string): void {
  const data: Record<string, unknown> = session.data
  data[KEY] = [...stored(data), [category, message]]
}

/** Take the messages, oldest first: all, or those of some categories. They are shown once; the rest stays. */
export function takeFlashes<Data extends object>(session: Session<Data>, categories?: readonly string[]): Flash[] {
  const data: Record<string, unknown> = session.data
  const all = stored(data)
  const wanted = ([category]: readonly [string, string]): boolean => categories?.includes(category) ?? true
  const rest = all.filter((entry) => !wanted(entry))
  if (rest.length > 0) data[KEY] = rest
  else if (KEY in data) delete data[KEY]
  return all.filter(wanted).map(([category, message]) => ({ category, message }))
}

function stored(data: Record<string, unknown>): [string, string][] {
  const value = data[KEY]
  if (!Array.isArray(value)) return []
  return value.filter(
    (entry): entry is [string, string] =>
      Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string',
  )
}
