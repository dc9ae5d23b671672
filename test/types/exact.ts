/** The type that a call has when both are the very same: neither is wider, neither is `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [expected: B]

/** `exactly<number>()(value)` compiles only when the type of `value` is `number` exactly. */
export declare function exactly<Expected>(): <Actual>(value: Actual, ...differs: Same<Actual, Expected>) => void
