/** A shop as its authors wrote it for express-session, Passport and connect-flash. */
import flash from 'connect-flash'
import express from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'

const users = new Map([
  ['ada', { name: 'ada', password: 'engine' }],
  ['grace', { name: 'grace', password: 'compiler' }],
])

passport.use(
  new Strategy((username, password, done) => {
    const user = users.get(username)
    if (user?.password !== password) return done(null, false, { message: 'Wrong name or password' })
    done(null, user)
  }),
)
passport.serializeUser((user, done) => done(null, user.name))
passport.deserializeUser((name, done) => done(null, users.get(name) ?? false))

export function createApp(session) {
  const app = express()
  app.set('env', 'test')
  app.use(express.urlencoded({ extended: false }))
  app.use(session)
  app.use(passport.initialize())
  app.use(passport.session())
  app.use(flash())

  app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1
    res.json({
      user: req.user ? req.user.name : null,
      views: req.session.views,
      cart: req.session.cart || [],
      info: req.flash('info'),
      errors: req.flash('error'),
    })
  })

  app.post('/cart', (req, res) => {
    req.session.cart ||= []
    req.session.cart.push({ item: req.body.item, amount: Number(req.body.amount) })
    req.flash('info', '%s is in the cart', req.body.item)
    res.redirect('/')
  })

  app.post('/cart/empty', (req, res, next) => {
    delete req.session.cart
    req.session.save((error) => {
      if (error) return next(error)
      res.redirect('/')
    })
  })

  app.post(
    '/login',
    passport.authenticate('local', {
      failureRedirect: '/',
      failureFlash: true,
      successFlash: 'Welcome',
      keepSessionInfo: true,
    }),
    (req, res) => {
      if (req.body.remember) req.session.cookie.maxAge = 30 * 24 * 60 * 60 * 1000
      else req.session.cookie.expires = false
      res.redirect('/')
    },
  )

  app.post('/logout', (req, res, next) => {
    req.logout((error) => {
      if (error) return next(error)
      req.flash('info', 'Goodbye')
      res.redirect('/')
    })
  })

  app.post('/password', (req, res, next) => {
    if (!req.isAuthenticated()) {
      res.status(401).send('Sign in first')
      return
    }
    const { passport: login, cart } = req.session
    const before = req.sessionID
    req.session.regenerate((error) => {
      if (error) return next(error)
      Object.assign(req.session, { passport: login, cart })
      res.json({ newId: req.sessionID !== before && req.sessionID === req.session.id })
    })
  })

  app.post('/forget', (req, res, next) => {
    req.session.destroy((error) => {
      if (error) return next(error)
      res.send(`forgotten, and req.session is ${typeof req.session}`)
    })
  })

  app.post('/draft', (req, res, next) => {
    req.session.draft = req.body.text
    req.session.save((error) => {
      if (error) return next(error)
      req.session.draft = 'never mind'
      req.session.reload((failure) => {
        if (failure) return next(failure)
        req.session.touch()
        res.send(req.session.draft)
      })
    })
  })

  return app
}
