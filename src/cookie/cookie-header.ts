/** How many cookies of our name are looked into: the one in use, and two that earlier settings left. */
const MAX_CANDIDATES = 3

/**
 * The values of our cookie in a Cookie header that could be ours by their shape (`accepts`), each once, in the order
 * sent; `malformed` when there are only others; `too_many` above {@link MAX_CANDIDATES}. Undefined when there is none.
 *
 * A browser sends several cookies of one name when they were set for different paths or domains, and does not tell
 * which is which; anybody who controls a sibling domain can add one. So the order, which such a one can choose, decides
 * nothing here.
 */
export function candidatesIn(
  header: string,
  name: string,
  accepts: (value: string) => boolean,
): readonly string[] | 'malformed' | 'too_many' | undefined {
  const marker = `${name}=`
  let found: string[] | undefined
  let malformed = false
  for (let at = header.indexOf(marker); at !== -1; at = header.indexOf(marker, at + 1)) {
    // Only at the beginning of a pair, after the blanks of RFC 6265: what else counts as white space to String.trim()
    // may belong to a name, and such a name slips past the rules that browsers have for prefixes.
    if (!beginsPair(header, at)) continue
    const value = valueFrom(header, at + marker.length)
    if (!accepts(value)) malformed = true
    else if (found === undefined) found = [value]
    else if (!found.includes(value)) {
      if (found.length === MAX_CANDIDATES) return 'too_many'
      found.push(value)
    }
  }
  return found ?? (malformed ? 'malformed' : undefined)
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1
  while (isBlank(header, before)) before -= 1
  return before < 0 || header[before] === ';'
}

function valueFrom(header: string, at: number): string {
  const semicolon = header.indexOf(';', at)
  let start = at
  let end = semicolon === -1 ? header.length : semicolon
  while (start < end && isBlank(header, start)) start += 1
  while (end > start && isBlank(header, end - 1)) end -= 1
  return header.slice(start, end)
}

function isBlank(header: string, at: number): boolean {
  return header[at] === ' ' || header[at] === '\t'
}
