import type { APIContext, MiddlewareNext } from 'astro'
import { defineMiddleware } from 'astro:middleware'
import { withSession } from 'coatcheck/fetch'
import { sessions } from './lib/sessions'

const serve = withSession(sessions, (_request, session, { locals }: APIContext, next: MiddlewareNext) => {
  locals.session = session
  return next()
})

// What is made while building has no visitor.
export const onRequest = defineMiddleware((context, next) =>
  context.isPrerendered ? next() : serve(context.request, context, next),
)
