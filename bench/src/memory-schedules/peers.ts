/** The in-process schedulers, each behind the same three questions. */
import { createScheduler, cron, defineJob, every, memoryStore } from '@quarterjack/core'

export interface Peer {
  /** Registers daily crons until `count` or the deadline; answers how many. */
  registerDaily(count: number, deadlineAt: number): Promise<number>
  /** `count` jobs, all due at one instant. */
  registerAt(count: number, at: Date, onFire: () => void): Promise<void>
  /** `count` jobs, each due every second. */
  registerEverySecond(count: number, onFire: (slot: Date | null) => void): Promise<void>
  stop(): Promise<void>
}

const ZONE = 'Europe/Berlin'
const dailyAt = (index: number): string => `${index % 60} ${Math.floor(index / 60) % 2 === 0 ? 3 : 4} * * *`
const cronOf = (at: Date): string =>
  `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} ${at.getUTCDate()} ${at.getUTCMonth() + 1} *`

async function quarterjack(): Promise<Peer> {
  let onFire: (slot: Date | null) => void = () => undefined
  const job = defineJob({ name: 'tenant', run: ({ slot }) => onFire(slot), overlap: 'allow' })
  const scheduler = createScheduler({ store: memoryStore(), jobs: [job], logger: false, concurrency: 100 })
  await scheduler.start()
  const set = async (
    count: number,
    scheduleOf: (index: number) => Parameters<typeof scheduler.schedules.setMany>[1][number]['schedule'],
  ): Promise<void> => {
    const settings = Array.from({ length: count }, (_, index) => ({ key: `k${index}`, schedule: scheduleOf(index) }))
    await scheduler.schedules.setMany(job, settings as never)
  }
  return {
    async registerDaily(count) {
      const schedules = Array.from({ length: 120 }, (_, index) => cron(dailyAt(index), { timeZone: ZONE }))
      await set(count, (index) => schedules[index % 120] as ReturnType<typeof cron>)
      return count
    },
    async registerAt(count, at, fire) {
      onFire = fire
      const schedule = cron(cronOf(at))
      await set(count, () => schedule)
    },
    async registerEverySecond(count, fire) {
      onFire = fire
      const schedule = every('1s')
      await set(count, () => schedule)
    },
    async stop() {
      await scheduler.stop({ grace: 0 })
    },
  }
}

async function croner(): Promise<Peer> {
  const { Cron } = await import('croner')
  const jobs: { stop(): void }[] = []
  return {
    async registerDaily(count, deadlineAt) {
      for (let index = 0; index < count; index++) {
        if (index % 256 === 0 && Date.now() > deadlineAt) return index
        jobs.push(new Cron(dailyAt(index), { timezone: ZONE }, () => undefined))
      }
      return count
    },
    async registerAt(count, at, onFire) {
      for (let index = 0; index < count; index++) jobs.push(new Cron(cronOf(at), { timezone: 'UTC' }, onFire))
    },
    async registerEverySecond(count, onFire) {
      for (let index = 0; index < count; index++) jobs.push(new Cron('* * * * * *', { timezone: 'UTC' }, () => onFire(null)))
    },
    async stop() {
      for (const job of jobs) job.stop()
    },
  }
}

async function nodeSchedule(): Promise<Peer> {
  const { default: schedule } = await import('node-schedule')
  return {
    async registerDaily(count, deadlineAt) {
      for (let index = 0; index < count; index++) {
        if (index % 64 === 0 && Date.now() > deadlineAt) return index
        schedule.scheduleJob({ rule: dailyAt(index), tz: ZONE }, () => undefined)
      }
      return count
    },
    async registerAt(count, at, onFire) {
      for (let index = 0; index < count; index++) schedule.scheduleJob(at, onFire)
    },
    async registerEverySecond(count, onFire) {
      for (let index = 0; index < count; index++) schedule.scheduleJob('* * * * * *', (slot: Date) => onFire(slot))
    },
    async stop() {
      process.exit(0)
    },
  }
}

async function toadScheduler(): Promise<Peer> {
  const { CronJob, Task, ToadScheduler } = await import('toad-scheduler')
  const scheduler = new ToadScheduler()
  return {
    async registerDaily(count, deadlineAt) {
      for (let index = 0; index < count; index++) {
        if (index % 256 === 0 && Date.now() > deadlineAt) return index
        scheduler.addCronJob(new CronJob({ cronExpression: dailyAt(index), timezone: ZONE }, new Task(`t${index}`, () => undefined)))
      }
      return count
    },
    async registerAt(count, at, onFire) {
      for (let index = 0; index < count; index++)
        scheduler.addCronJob(new CronJob({ cronExpression: cronOf(at), timezone: 'UTC' }, new Task(`t${index}`, onFire)))
    },
    async registerEverySecond(count, onFire) {
      for (let index = 0; index < count; index++) {
        scheduler.addCronJob(new CronJob({ cronExpression: '* * * * * *', timezone: 'UTC' }, new Task(`t${index}`, () => onFire(null))))
      }
    },
    async stop() {
      scheduler.stop()
    },
  }
}

/** By name. */
export const PEERS: Readonly<Record<string, () => Promise<Peer>>> = {
  quarterjack,
  croner,
  'node-schedule': nodeSchedule,
  'toad-scheduler': toadScheduler,
}
