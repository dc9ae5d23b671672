import type { TestContext } from 'node:test'

/** From now on, what was rejected without anybody listening; node:test would only fail the run without a name. */
export function quietly(t: TestContext): () => readonly unknown[] {
  const found: unknown[] = []
  const hear = (reason: unknown): void => void found.push(reason)
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', hear)
  t.after(() => {
    process.removeAllListeners('unhandledRejection')
    for (const other of others) process.on('unhandledRejection', other)
  })
  return () => found
}

/** Long enough for every promise that can settle, and for Node to notice those nobody listens to. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** The process warnings with a code that come up from now on; awaiting it waits for those on their way. */
export function warnings(t: TestContext): () => Promise<readonly { code: string; message: string }[]> {
  const heard: { code: string; message: string }[] = []
  const hear = (warning: Error): void => {
    if ('code' in warning) heard.push({ code: String(warning.code), message: warning.message })
  }
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  return async () => {
    await turns()
    return heard
  }
}
