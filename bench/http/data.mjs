/** What is kept in a session: about 100 bytes, or about 16 kB as an uploaded text in lines. */
const line = 'The browser holds a ticket, the server keeps the coat until it is asked for.'
const small = { visits: 0, user: 'visitor-4711', theme: 'dark', cart: ['scarf', 'gloves', 'umbrella'] }
const large = { ...small, lines: Array.from({ length: 205 }, (_, n) => `${n} ${line}`) }

/** A fresh copy, since several contenders keep the object itself. */
export const sessionData = (size) => structuredClone(size === 'large' ? large : small)
