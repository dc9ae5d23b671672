/** Deliberate breaks of the core, for `scripts/breaks.ts`: each takes one promise away, and the tests must notice. */

/** One break: the edits that make it, and the promise it takes away. */
export interface Break {
  readonly name: string
  /** Under `src/`. */
  readonly file: string
  /** Each text must occur exactly once in the file; so a break that the code has outgrown is noticed. */
  readonly edits: readonly (readonly [find: string, replace: string])[]
  /** What users would suffer. */
  readonly why: string
}

export const breaks: readonly Break[] = [
  {
    name: 'the version is not checked',
    file: 'stores/memory.ts',
    edits: [
      [
        "return entry.version === expected ? write(id, entry, record, now) : 'conflict'",
        'return write(id, entry, record, now)',
      ],
    ],
    why: 'of two requests at once the later one silently wins',
  },
  {
    name: 'create writes over a live record',
    file: 'stores/memory.ts',
    edits: [
      [
        'return live(id, now) === undefined ? write(id, undefined, record, now) : null',
        'return write(id, live(id, now), record, now)',
      ],
    ],
    why: 'an ID that collides opens, and destroys, somebody else’s session',
  },
  {
    name: 'the store hands out expired records',
    file: 'stores/memory.ts',
    edits: [['if (entry === undefined || entry.expiresAt > now) return entry', 'if (now >= 0) return entry']],
    why: 'an expired session can be written, and lives again',
  },
  {
    name: 'touch brings back an expired record',
    file: 'stores/memory.ts',
    edits: [
      [
        'const entry = live(id, now)\n      if (entry !== undefined) entry.expiresAt =',
        'const entry = entries.get(id)\n      if (entry !== undefined) entry.expiresAt =',
      ],
    ],
    why: 'a session that ended while a request ran lives again',
  },
  {
    name: 'touch moves a deadline back',
    file: 'stores/memory.ts',
    edits: [['Math.max(entry.expiresAt, expiresAt)', 'expiresAt']],
    why: 'a slow request shortens what a fast one has earned',
  },
  {
    name: 'the core trusts the store’s expiry',
    file: 'backend/compare-and-set.ts',
    edits: [['absolute }, record.expiresAt)', 'absolute }, Infinity)']],
    why: 'over a store that expires lazily, sessions outlive their deadline',
  },
  {
    name: 'the absolute deadline is not enforced',
    file: 'request/lifetime.ts',
    edits: [['facts.now >= expiresAt || facts.now >= facts.createdAt + facts.absolute', 'facts.now >= expiresAt']],
    why: 'a stolen session that is kept busy lives for ever',
  },
  {
    name: 'the absolute deadline is not part of the target',
    file: 'request/lifetime.ts',
    edits: [
      [
        'return Math.min(facts.now + facts.lifetime, facts.createdAt + facts.absolute)',
        'return facts.now + facts.lifetime',
      ],
    ],
    why: 'cookie and store keep a session beyond its end',
  },
  {
    name: 'every visit pushes the deadline',
    file: 'request/lifetime.ts',
    edits: [['counts && earned - expiresAt >= step', 'counts && earned > expiresAt']],
    why: 'readers become writers',
  },
  {
    name: 'a deadline is never clipped',
    file: 'request/lifetime.ts',
    edits: [['if (expiresAt - earned > Math.min(step, CLOCK_SKEW))', 'if (expiresAt === Infinity)']],
    why: 'a shortened lifetime does not reach the sessions that live',
  },
  {
    name: 'polling counts as a visit',
    file: 'request/load.ts',
    edits: [['counts: request.activity ?? true', 'counts: true']],
    why: 'an open browser tab keeps a session alive for ever',
  },
  {
    name: 'what is stored opens a session',
    file: 'cookie/token.ts',
    edits: [
      [
        'const id = sha256(token)',
        "const id = Array.from(fromBase64url(token), (byte) => byte.toString(16).padStart(2, '0')).join('')",
      ],
    ],
    why: 'whoever has a copy of the store is signed in as everybody',
  },
  {
    name: 'an unknown token is adopted',
    file: 'request/load.ts',
    edits: [
      [
        "'missing' in found ? openNone(request, found) :",
        "'missing' in found ? { ...openNone(request, found), ticket: { id: found.id, token: sent[0] ?? '' } } :",
      ],
    ],
    why: 'session fixation: an attacker chooses the visitor’s ID',
  },
  {
    name: 'a malformed token reaches the store',
    file: 'cookie/cookie-header.ts',
    edits: [['if (!accepts(value)) malformed = true', 'if (value.length > 4096) malformed = true']],
    why: 'what a client sends decides what a store is asked',
  },
  {
    name: 'the store is given the token',
    file: 'cookie/token.ts',
    edits: [['const id = sha256(token)', 'const id: ReturnType<typeof sha256> = token']],
    why: 'a stolen store opens every session',
  },
  {
    name: 'the head does not wait for the save',
    file: 'sessions.ts',
    edits: [
      [
        'return verbs.commit(state, dropped, decided).then(() => replyFor(state, policy, emit))',
        'void verbs.commit(state, dropped, decided).catch(() => 0)\n        return Promise.resolve(replyFor(state, policy, emit))',
      ],
    ],
    why: 'a redirect outruns the save, and a failed save is a 200',
  },
  {
    name: 'a failed request keeps its data changes',
    file: 'sessions.ts',
    edits: [['const dropped = failed && policy.dropChangesOnError', 'const dropped = false']],
    why: 'half of what a crashed handler did is saved',
  },
  {
    name: 'a change beats a deletion',
    file: 'record/merge.ts',
    edits: [
      ['if (clash.ours === undefined || clash.theirs === undefined) return', 'if (clash.key === undefined) return'],
    ],
    why: 'a slow request that refreshes `user` undoes the logout',
  },
  {
    name: 'nothing is merged: the last write wins',
    file: 'backend/record-writer.ts',
    edits: [['if (current === from) return { want, clashes: [] }', 'if (current) return { want, clashes: [] }']],
    why: 'what another request saved meanwhile is lost',
  },
  {
    name: 'another request’s owner is lost while an ID moves',
    file: 'backend/regenerate-record.ts',
    edits: [
      [
        'const members = { ...mergeMembers(want, old, current), ...(leaves && { owner, authAt, note }) }',
        'const members = { owner, authAt, note, permanent: want.permanent, leaves }',
      ],
    ],
    why: '“log me out everywhere” misses the session',
  },
  {
    name: 'no retry after a conflict',
    file: 'backend/compare-and-set.ts',
    edits: [['if (clock.now() >= giveUpAt) break', 'break']],
    why: 'two requests at once are an error for one of them',
  },
  {
    name: 'a superseded record opens as a live one',
    file: 'backend/compare-and-set.ts',
    edits: [["if (head.kind === 'superseded') {", "if (head.kind === 'superseded' && head.createdAt === 0) {"]],
    why: 'the cookie of before the login can be written, and overwrites the new one',
  },
  {
    name: 'regenerate supersedes the old ID before the new record is there',
    file: 'backend/move-record.ts',
    edits: [
      [
        'made.fresh = await insertRecord(context, next, move.ticket)\n      if',
        'made.fresh = { ...next, ticket: move.ticket ?? at, version: 0 }\n      if',
      ],
      [
        "outcome.head.kind === 'superseded') {",
        "outcome.head.kind === 'superseded') {\n      made.fresh = await insertRecord(context, made.fresh, move.ticket)",
      ],
    ],
    why: 'a crash between the two loses the session',
  },
  {
    name: 'who loses the race to regenerate leaves a record behind',
    file: 'backend/move-record.ts',
    edits: [['if (made.fresh) await store.delete(made.fresh.ticket.id)', '']],
    why: 'two IDs live for one visitor',
  },
  {
    name: 'an old ID does not say where its session went',
    file: 'backend/move-record.ts',
    edits: [[' + SUPERSEDED_MS, { id: ticket.id, ...(grace && { grace }) })', ' + SUPERSEDED_MS)']],
    why: '“log me out everywhere” misses a session that moves to a new ID at that moment',
  },
  {
    name: 'an old ID is not found among its owner’s',
    file: 'backend/compare-and-set.ts',
    edits: [['successor === undefined ? undefined : from.owner', 'undefined']],
    why: '“log me out everywhere” misses a session that moves while the listing runs',
  },
  {
    name: 'a new ID does not say whence its session comes',
    file: 'backend/move-record.ts',
    edits: [
      ['const next = { ...draft, head: movedFrom(draft.head, at.id, policy.renewal && now) }', 'const next = draft'],
    ],
    why: '“log me out everywhere else” ends this session, too',
  },
  {
    name: 'revoking does not follow a session that moves',
    file: 'operating/revoke.ts',
    edits: [['at = reading.successor\n        continue', 'return false']],
    why: 'a session is reported as ended and lives on',
  },
  {
    name: 'a lost answer to the superseding write is a lost session',
    file: 'backend/move-record.ts',
    edits: [['if (made.fresh && (await isSupersededBy(', 'if (!made.fresh && (await isSupersededBy(']],
    why: 'a store that was slow once logs the visitor out',
  },
  {
    name: 'a push of the deadline does not look where the session went',
    file: 'backend/record-writer.ts',
    edits: [
      ["if ('missing' in newest) return end(", "if ('missing' in newest && now < 0) return end("],
      [
        'const newest = await readRecord(store, policy, from.ticket)',
        'const now = 0\n  const newest = state.stored ?? (await readRecord(store, policy, from.ticket))',
      ],
    ],
    why: 'a slow reader overwrites the cookie of a login with the one from before it',
  },
  {
    name: 'a renewed ID leads on for ever',
    file: 'record/grace.ts',
    edits: [['if (now >= until || ', 'if (']],
    why: 'a stolen cookie is good for as long as the session lives after all',
  },
  {
    name: 'regenerate leaves a way to the new ID',
    file: 'backend/regenerate-record.ts',
    edits: [
      [
        '    ticket: state.ticket,',
        '    ticket: state.ticket,\n    grace: (from, to) => sealGrace(from, to, 2 ** 52),',
      ],
      [
        "import { SessionError } from '../errors.ts'",
        "import { SessionError } from '../errors.ts'\nimport { sealGrace } from '../record/grace.ts'",
      ],
    ],
    why: 'who planted a token before the login is logged in by it',
  },
  {
    name: 'an old ID whose session has ended is an unknown one',
    file: 'backend/compare-and-set.ts',
    edits: [["'missing' in there && there.missing !== 'unreadable' ? reading : there", 'there']],
    why: 'a request in flight begins a new session, and its cookie overwrites that of a login',
  },
  {
    name: 'a response without cookies renews the ID',
    file: 'request/state.ts',
    edits: [['!state.takesCookie || ', '']],
    why: 'a visitor who opens a web socket is logged out a minute later',
  },
  {
    name: 'the grace can be lengthened in the store',
    file: 'record/grace.ts',
    edits: [
      ['additionalData: context(old.id, next.id, until)', 'additionalData: context(old.id, next.id, 0)'],
      ['additionalData: context(old.id, id, until)', 'additionalData: context(old.id, id, 0)'],
    ],
    why: 'who can write to the store keeps stolen cookies alive',
  },
  {
    name: 'polling renews the ID',
    file: 'request/state.ts',
    edits: [['if (!renewal || !state.counts || ', 'if (!renewal || ']],
    why: 'a page that polls changes its cookie while the visitor sends a form',
  },
  {
    name: 'the new cookie is sent once',
    file: 'request/load.ts',
    edits: [['if (policy.renewal && !sent.includes(ticket.token)) announce(state)', '']],
    why: 'a visitor whose connection broke at the wrong moment is logged out',
  },
  {
    name: 'an old ID is forgotten at the absolute deadline of before a login',
    file: 'backend/compare-and-set.ts',
    edits: [["head.kind === 'live' ? policy.absolute : Infinity", 'policy.absolute']],
    why: 'a request under way with the old cookie begins a session whose cookie overwrites that of the login',
  },
  {
    name: 'a session that stops being its owner’s is as old as before they signed in',
    file: 'request/state.ts',
    edits: [['state.createdAt = beganAt(state)\n  state.authAt', 'state.authAt']],
    why: 'after the absolute lifetime of before the login, whatever is saved next is gone at once',
  },
  {
    name: 'who comes too late to renew does not look again',
    file: 'backend/move-record.ts',
    edits: [
      [
        "await store.delete(ticket.id)\n      return 'again'",
        'await store.delete(ticket.id)\n      return move.stay(current)',
      ],
    ],
    why: 'its cookie overwrites that of a login, and the visitor is logged out',
  },
  {
    name: 'a renewed session is a new one',
    file: 'backend/renew-record.ts',
    edits: [
      [
        'draft(context, state, merged(current), current.head)',
        'draft(context, { ...state, createdAt: context.policy.clock.now() }, merged(current), current.head)',
      ],
    ],
    why: 'renewal moves the absolute end',
  },
  {
    name: 'login() does not move the session',
    file: 'backend/new-id.ts',
    edits: [['await takeNewId(state, policy, isAgain', 'if (state.ended) await takeNewId(state, policy, isAgain']],
    why: 'whoever planted the cookie shares the session of who signs in',
  },
  {
    name: 'login() keeps what another user left',
    file: 'backend/new-id.ts',
    edits: [['isAgain || isFirst ? (by.keep ?? isAgain) : false', 'by.keep ?? isAgain']],
    why: 'at a shared browser one user sees what the other did',
  },
  {
    name: 'a login that failed has half happened',
    file: 'backend/new-id.ts',
    edits: [['Object.assign(state, before, { stored, retiring, keep, cookieDue })', '']],
    why: 'the commit after a refused sign-in signs in',
  },
  {
    name: 'login() does not extend the absolute lifetime',
    file: 'request/lifetime.ts',
    edits: [['return Math.max(createdAt, authAt)', 'return Math.max(createdAt, authAt * 0)']],
    why: 'who has just given the password is signed out',
  },
  {
    name: 'another owner inherits the proof of the first',
    file: 'session.ts',
    edits: [['if (owner !== this.#state.owner) dropProof(this.#state)', '']],
    why: 'a sensitive act is let through for who has proved nothing',
  },
  {
    name: 'an emptied session is still its former owner’s',
    file: 'backend/new-id.ts',
    edits: [['dropProof(state)\n    Object.assign(state, NOBODYS)', '']],
    why: 'the next visitor at the browser stands in the list of devices of the last one',
  },
  {
    name: 'isFresh() believes in the future',
    file: 'owners/login.ts',
    edits: [[' && age > -CLOCK_SKEW', '']],
    why: 'a clock that was set back makes an old proof fresh for ever',
  },
  {
    name: 'revoke() for one owner ends anybody’s',
    file: 'operating/revoke.ts',
    edits: [['if (owner !== undefined && reading.owner !== owner) return false', '']],
    why: 'a user ends the sessions of others by sending their IDs',
  },
  {
    name: 'a sign-in beyond the limit is let in when it is the one to go',
    file: 'owners/owner-limit.ts',
    edits: [['if (others.some((each) => each.id === id)) break', 'if (others.some((each) => each.id === id)) return']],
    why: 'sign-ins at one moment exceed the limit',
  },
  {
    name: 'a sign-in that must wait for room does not',
    file: 'owners/owner-limit.ts',
    edits: [["if (ownerLimit.policy === 'refuse') continue", "if (ownerLimit.policy === 'refuse') return"]],
    why: 'a clock that is behind lets a sign-in exceed the limit',
  },
  {
    name: 'a moving session takes two places',
    file: 'owners/owner-limit.ts',
    edits: [['filter(({ id }) => !left.has(id))', 'filter(({ id }) => !left.has(id) || id.length > 0)']],
    why: 'a device is signed out although there was room',
  },
  {
    name: 'a session that moves while others count takes no place',
    file: 'owners/owner-limit.ts',
    edits: [['else if (to !== undefined) moved.add(to)', '']],
    why: 'the limit is exceeded',
  },
  {
    name: 'a refused owner stays',
    file: 'owners/owner-limit.ts',
    edits: [['? { ...current, owner, head', '? { ...current, owner: current.owner, head']],
    why: 'the limit is exceeded by whoever ignores the error',
  },
  {
    name: 'a refused first sign-in leaves its record',
    file: 'backend/record-writer.ts',
    edits: [['await context.store.delete(made.ticket.id).catch(() => undefined)', '']],
    why: 'refused sign-ins take the places of real ones',
  },
  {
    name: 'regenerate keeps everything',
    file: 'backend/new-id.ts',
    edits: [['([key]) => keep === true || (keep !== false && keep.includes(key))', '() => true']],
    why: 'the next visitor at the same browser sees what the last one left',
  },
  {
    name: 'a request whose session is gone sends a cookie',
    file: 'backend/record-writer.ts',
    edits: [
      ['state.ended = reason\n  state.cookieDue = undefined', "state.ended = reason\n  state.cookieDue = 'clear'"],
    ],
    why: 'a slow request of before the login deletes the new cookie',
  },
  {
    name: 'destroy does not ask whose record it is',
    file: 'backend/backend-store.ts',
    edits: [["if (typeof outcome === 'string') return end(context, state, outcome, [])", '']],
    why: 'a logout with an old cookie deletes the cookie of the new login',
  },
  {
    name: 'every request that reads writes',
    file: 'request/changes.ts',
    edits: [['!sameLines(lines, stored?.lines ?? state.blank)', '(!!stored || !sameLines(lines, state.blank))']],
    why: 'a write per page view, and conflicts among readers',
  },
  {
    name: 'update() works on the copy it has',
    file: 'backend/update-record.ts',
    edits: [['applied(change, merged.want.lines)', 'applied(change, sent.lines)']],
    why: 'of 100 parallel increments most are lost',
  },
  {
    name: 'writers do not take turns',
    file: 'backend/queue.ts',
    edits: [['const before = tails.get(key)', 'const before = tails.get(`${key} nobody`)']],
    why: 'a hundred writers of one session starve each other',
  },
  {
    name: 'a store call may take for ever',
    file: 'backend/shared-timer.ts',
    edits: [['setFor(limitMs)', 'setFor(Infinity)']],
    why: 'a frozen store holds every request',
  },
  {
    name: 'a Secure session is stored for a plain connection',
    file: 'backend/record-writer.ts',
    edits: [['if (!state.mayIssue) {', 'if (state.mayIssue === undefined) {']],
    why: 'a record per request that nobody can ever open',
  },
  {
    name: 'no Vary on what was made from a session',
    file: 'request/respond.ts',
    edits: [['state.asked ? SESSION_SHOWN : EMPTY_REPLY', 'EMPTY_REPLY']],
    why: 'a cache gives one visitor’s page to another',
  },
  {
    name: 'merged keys are assigned, not defined',
    file: 'backend/record-writer.ts',
    edits: [['Object.defineProperty(data, key, {', 'Object.assign(data, { [key]: decodeValue(line) }, {}) && ({']],
    why: 'a key called __proto__ changes the prototype instead',
  },
  {
    name: 'close() does not wait',
    file: 'operating/closing.ts',
    edits: [['await Promise.all([sweeper.stop(), idle()])', 'void sweeper.stop()']],
    why: 'a deployment cuts off the saves under way',
  },
  {
    name: 'outage: a commit that saved nothing looks done',
    file: 'request/unavailable.ts',
    edits: [["throw unavailability(state, `saving ${keys.join(', ')}`)", '']],
    why: 'a visitor is told that the order is in, and it is not',
  },
  {
    name: 'outage: a logout that did not happen looks done',
    file: 'request/verbs.ts',
    edits: [['if (refusal) return Promise.reject(refusal)', 'if (refusal) return task().catch(() => task())']],
    why: 'the visitor walks away from a session that lives on',
  },
  {
    name: 'outage: every error on reading makes an anonymous session',
    file: 'request/unavailable.ts',
    edits: [["error.code === 'store_unusable')", "error.code !== 'closed')"]],
    why: 'mistakes of the set-up look like visitors who have never been here',
  },
  {
    name: 'outage: the anonymous session has the ID of the cookie',
    file: 'request/load.ts',
    edits: [
      [
        "emit('unavailable', { id, code: error.code }, state)",
        "emit('unavailable', { id, code: error.code }, state)\n    state.ticket = { id, token }",
      ],
    ],
    why: 'what an application keeps under session.id opens to cookies that were revoked',
  },
  {
    name: 'events: loggers see the ID',
    file: 'events/event-emitter.ts',
    edits: [["Object.defineProperty(event, 'id', { value: id })", 'Object.assign(event, { id })']],
    why: 'a stolen log tells which record of a stolen store is whose',
  },
  {
    name: 'events: the ref has no key',
    file: 'events/log-ref.ts',
    edits: [['hmacSha256(bytes, id)', 'hmacSha256(new Uint8Array(32), id)']],
    why: 'whoever has the store computes the refs, and joins it with the log',
  },
  {
    name: 'health: a closed instance calls itself ready',
    file: 'operating/health.ts',
    edits: [["if (isClosed()) return { ok: false, latency: 0, code: 'closed' }", '']],
    why: 'the load balancer sends visitors to a process that refuses them',
  },
  {
    name: 'close() waits for a store that never lets go',
    file: 'backend/limited-store.ts',
    edits: [["close: () => bounded('close', async () => store.close?.())", 'close: async () => store.close?.()']],
    why: 'a deployment hangs on a database that is gone',
  },
  {
    name: 'of two sessions whose cookies came the first counts',
    file: 'request/find-session.ts',
    edits: [['if (more.length > 0) return', 'if (more.length > 9) return']],
    why: 'who controls a sibling domain puts visitors into a session of their own',
  },
  {
    name: 'a change of the cookie settings is not noticed',
    file: 'request/decide.ts',
    edits: [['changed || facts.cookieOutdated ||', 'changed ||']],
    why: 'a stricter cookie reaches nobody who has one',
  },
  {
    name: 'a cookie passes for sent where it was not',
    file: 'cookie/cookie-mark.ts',
    edits: [['return mayIssue && !headGone', 'return mayIssue']],
    why: 'a change of the cookie settings is lost on a streamed page',
  },
  {
    name: 'a cookie passes for sent with an upgrade',
    file: 'cookie/cookie-mark.ts',
    edits: [[' && takesCookie !== false', '']],
    why: 'a change of the cookie settings is lost on visitors who open a socket first',
  },
  {
    name: 'broken connection: an update is made once more',
    file: 'backend/limited-store.ts',
    edits: [
      [
        "bounded('update', () => store.update(id, expected, record, now))",
        "bounded('update', () => store.update(id, expected, record, now), true)",
      ],
    ],
    why: 'a write that took effect conflicts with itself: a counter counts twice, a logout takes itself for a login',
  },
  {
    name: 'broken connection: every failed read is made once more',
    file: 'backend/limited-store.ts',
    edits: [['if (repeats > 0 && isBrokenConnection(error)) {', 'if (repeats > 0) {']],
    why: 'a database that is down gets twice the load',
  },
  {
    name: 'schema: the defaults of a new session count as a change',
    file: 'request/changes.ts',
    edits: [
      [
        '!sameLines(lines, stored?.lines ?? state.blank)',
        '(stored ? !sameLines(lines, stored.lines) : lines.size > 0)',
      ],
    ],
    why: 'every visitor gets a record and a cookie',
  },
  {
    name: 'schema: what another request saved is merged as it is stored',
    file: 'backend/compare-and-set.ts',
    edits: [['return fitting(reading, policy)', 'return reading']],
    why: 'data in the old form reaches code that was promised the new one',
  },
  {
    name: 'schema: a change is saved unchecked',
    file: 'backend/compare-and-set.ts',
    edits: [["if (policy.validation && draft.head.kind === 'live') await", 'if (policy.validation && !draft) await']],
    why: 'the next visit fails for what this one did wrong',
  },
  {
    name: 'schema: the first record is saved unchecked',
    file: 'backend/record-writer.ts',
    edits: [['if (policy.validation) await policy.validation.check', 'if (!policy) await policy.validation?.check']],
    why: 'the next visit fails for what this one did wrong',
  },
  {
    name: 'schema: a cookie is sealed unchecked',
    file: 'backend/backend-cookie.ts',
    edits: [['if (policy.validation) await policy.validation.check', 'if (!policy) await policy.validation?.check']],
    why: 'the next visit fails for what this one did wrong',
  },
  {
    name: 'schema: what it does not name is lost',
    file: 'request/validation.ts',
    edits: [['const result = new Map(lines)\n  for', 'const result = new Map<string, string>()\n  for']],
    why: 'flash messages, CSRF tokens and the login of Passport vanish',
  },
  {
    name: 'schema: dropping takes everything',
    file: 'request/validation.ts',
    edits: [['return drop(lines, issues)', 'return blank()']],
    why: 'one bad preference empties the cart',
  },
  {
    name: 'schema: what a migration returns is not checked',
    file: 'request/validation.ts',
    edits: [
      [
        "if ('lines' in migrated) return migrated.lines\n    throw",
        "if (report) return 'lines' in migrated ? migrated.lines : lines\n    throw",
      ],
    ],
    why: 'data of another form reaches code that was promised this one',
  },
  {
    name: 'schema: what another request renewed is taken over as it is stored',
    file: 'backend/record-writer.ts',
    edits: [['await fitting(newest, policy)', 'newest']],
    why: 'data in the old form reaches code that was promised the new one',
  },
  {
    name: 'schema: regenerate() leaves no defaults',
    file: 'backend/new-id.ts',
    edits: [['[...Object.entries(decodeData(state.blank)), ...carried]', 'carried']],
    why: 'after every login, data lacks what its type says is there',
  },
]
