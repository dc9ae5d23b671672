import type { SessionsOptions } from './options.ts'

/** The part of the options that says when a session ends. */
export type Deadlines = Readonly<Required<Pick<SessionsOptions, 'lifetime' | 'absoluteLifetime' | 'permanent'>>>

/** One publication's deadlines, by authentication assurance level. */
export interface AssuranceLevels {
  readonly AAL1: Deadlines
  readonly AAL2: Deadlines
  readonly AAL3: Deadlines
}

/**
 * The longest deadlines that NIST SP 800-63B names for its authentication assurance levels, to be spread into the
 * options: `createSessions({ ...nistSp80063b.rev4.AAL2, store })`.
 *
 * `rev3` is SP 800-63B of June 2017 (sections 4.1.3, 4.2.3, 4.3.3), `rev4` SP 800-63B-4 of July 2025 (2.1.3, 2.2.3,
 * 2.3.3). At AAL1 neither asks for an end to inactivity, so that only the overall one is left. `permanent` is false at
 * every level, since both say that session secrets should not outlive the browser (7.1; 5.1).
 */
export const nistSp80063b: { readonly rev3: AssuranceLevels; readonly rev4: AssuranceLevels } = {
  rev3: {
    AAL1: { lifetime: '30d', absoluteLifetime: '30d', permanent: false },
    AAL2: { lifetime: '30m', absoluteLifetime: '12h', permanent: false },
    AAL3: { lifetime: '15m', absoluteLifetime: '12h', permanent: false },
  },
  rev4: {
    AAL1: { lifetime: '30d', absoluteLifetime: '30d', permanent: false },
    AAL2: { lifetime: '1h', absoluteLifetime: '24h', permanent: false },
    AAL3: { lifetime: '15m', absoluteLifetime: '12h', permanent: false },
  },
}
