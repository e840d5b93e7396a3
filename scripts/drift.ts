/**
 * What is said twice must be the same: error codes, run states, event names, metric names, tests of faults, the Postgres
 * schema. `--update` writes the dump of the schema anew; `--freeze` keeps the schema as a release.
 */
import { conclude } from './findings.ts'
import { compareErrorCodes } from './drift/error-codes.ts'
import { compareEvents } from './drift/events.ts'
import { compareFaultTests } from './drift/fault-tests.ts'
import { compareMetrics } from './drift/metrics.ts'
import { comparePgSchema } from './drift/pg-schema.ts'
import { compareRunStates } from './drift/run-states.ts'

const findings = [
  ...compareErrorCodes(),
  ...compareRunStates(),
  ...compareEvents(),
  ...compareMetrics(),
  ...compareFaultTests(),
  ...(await comparePgSchema({ update: process.argv.includes('--update'), freeze: process.argv.includes('--freeze') })),
]
conclude(findings, 'error codes, run states, events, metrics, tests of faults, the Postgres schema')
