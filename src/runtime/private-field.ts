/**
 * Constructs nothing: a class that extends it puts its private fields on the object that is given. Nothing else can see
 * or copy them, and they go when the object goes. A WeakMap would say the same, and one entry in it costs a request
 * several µs of garbage collection.
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is what it is for
export class OnGiven {
  constructor(object: object) {
    // oxlint-disable-next-line no-constructor-return
    return object
  }
}
