import { NextResponse } from 'next/server'
import { withSession } from 'coatcheck/fetch'
import { sessions } from './lib/sessions'

// Every page a visitor opens keeps the session alive, and its cookie too: a component could not send it.
export const proxy = withSession(sessions, () => NextResponse.next())

export const config = {
  matcher: [
    {
      source: '/((?!_next/|visits).*)',
      // Links in view are fetched ahead: nobody has visited them.
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
}
