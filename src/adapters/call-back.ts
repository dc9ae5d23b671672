/** Tells how a call went: nothing when it went well. */
export type Callback = (error?: unknown) => void

/**
 * Call back once `promise` settles. Outside of the promise: what the callback throws is then an uncaught exception,
 * as with any callback of Node, not a rejection of ours.
 */
export function callBack(promise: Promise<unknown>, callback: Callback): void {
  // oxlint-disable promise/no-callback-in-promise -- callbacks are what Express and its middleware speak
  promise.then(
    () => queueMicrotask(() => callback()),
    (error: unknown) => queueMicrotask(() => callback(error)),
  )
}
