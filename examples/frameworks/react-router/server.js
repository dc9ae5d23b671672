import { createRequestHandler } from '@react-router/express'
import express from 'express'
import * as build from './build/server/index.js'

// react-router-serve trusts no proxy: behind one that ends TLS it takes every request for http, refuses forms for their
// origin, and no Secure cookie could leave.
const app = express().set('trust proxy', 'loopback')
app.use('/assets', express.static('build/client/assets', { immutable: true, maxAge: '1y' }))
app.use(createRequestHandler({ build }))
app.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? 'localhost')
