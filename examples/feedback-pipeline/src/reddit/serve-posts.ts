/** A stand-in for Reddit on a local port, which reads the shipped file. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { toNodeListener } from '@quarterjack/adapter-http'
import { type Listening, listen } from '../listen.ts'
import { listPosts, type ShippedPost, shippedPostSchema } from './visible-posts.ts'

export const SHIPPED_POSTS: URL = new URL('../../data/reddit-posts.jsonl', import.meta.url)

export async function readPosts(file: URL = SHIPPED_POSTS): Promise<readonly ShippedPost[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => shippedPostSchema.parse(JSON.parse(line)))
}

/** Listens on a free port of the loopback interface. */
export async function servePosts(now: () => number): Promise<Listening> {
  const posts = await readPosts()
  const startedAt = now()
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    const subreddit = /^\/r\/(\w+)\/new\.json$/.exec(pathname)?.[1]
    if (subreddit === undefined) return Response.json({ message: 'Not Found', error: 404 }, { status: 404 })
    const limit = Math.min(100, Math.max(1, Number(searchParams.get('limit') ?? 25) || 25))
    return Response.json(listPosts(posts, { subreddit, limit, after: searchParams.get('after'), startedAt, now: now() }))
  }
  return listen(createServer(toNodeListener(answer)), { host: '127.0.0.1', port: 0 })
}
