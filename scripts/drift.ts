/** What code and docs both say must be the same: error codes, run states, event names, metric names, tests of faults. */
import { conclude } from './findings.ts'
import { compareErrorCodes } from './drift/error-codes.ts'
import { compareEvents } from './drift/events.ts'
import { compareFaultTests } from './drift/fault-tests.ts'
import { compareMetrics } from './drift/metrics.ts'
import { compareRunStates } from './drift/run-states.ts'

const findings = [...compareErrorCodes(), ...compareRunStates(), ...compareEvents(), ...compareMetrics(), ...compareFaultTests()]
conclude(findings, 'error codes, run states, events, metrics, tests of faults')
