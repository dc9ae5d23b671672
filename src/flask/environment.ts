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

function placed(into: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value
  const object: Record<string, unknown> = typeof into === 'object' && into !== null ? { ...into } : {}
  return { ...object, [first]: placed(object[first], rest, value) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
