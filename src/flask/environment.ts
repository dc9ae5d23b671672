const PREFIX = 'FLASK_'

/**
 * What Flask's `from_prefixed_env()` makes of an environment: the variables that begin with `FLASK_`, without it; a
 * value is JSON, or else the text as it is; `__` in a name leads into an object. They go over those of `base`.
 */
export function fromPrefixedEnv(
  environment: Readonly<Record<string, string | undefined>>,
  base: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const config: Record<string, unknown> = { ...base }
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue
    const [first = '', ...inner] = name.slice(PREFIX.length).split('__')
    config[first] = placed(config[first], inner, parsed(text))
  }
  return config
}

/** `value` at the end of `path`, in copies of the objects that are on the way there. A path may be as long as a name. */
function placed(into: unknown, path: readonly string[], value: unknown): unknown {
  const onTheWay: Readonly<Record<string, unknown>>[] = []
  let at = into
  for (const key of path) {
    const object: Readonly<Record<string, unknown>> = typeof at === 'object' && at !== null ? { ...at } : {}
    onTheWay.push(object)
    at = object[key]
  }
  return path.reduceRight<unknown>((inner, key, depth) => ({ ...onTheWay[depth], [key]: inner }), value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
