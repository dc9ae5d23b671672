/** Tells how a call went: nothing when it went well. */
export type Callback = (error?: unknown) => void

/**
 * Call back once `promise` settles. Outside of the promise: what the callback throws is then an uncaught exception,
 * as with any callback of Node, not a rejection of ours.
 */
export function callBack(promise: Promise<unknown>, callback: Callback): void {
  // oxlint-disable promise/no-callback-in-promise -- callbacks are what Express and its middleware speak
  promise.then(
    () => run(callback),
    (error: unknown) => run(callback, error),
  )
}

/** Thrown on from a microtask of its own, not called in one: that would cost every request what an error alone needs. */
function run(callback: Callback, error?: unknown): void {
  try {
    if (error === undefined) callback()
    else callback(error)
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown
    })
  }
}
