/** What needs a database, on one: to start it takes longer than the tests. */
import { afterAll, describe } from 'vitest'
import { describeOrchestration } from './database/orchestration.ts'
import { describeWorkers } from './database/workers.ts'
import { createSeededGateway } from './support/seeded-gateway.ts'

const gateway = await createSeededGateway()
afterAll(() => gateway.close())

describe('workers', () => describeWorkers(gateway))
describe('orchestration', () => describeOrchestration(gateway))
