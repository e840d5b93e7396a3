/** Which accounts get their daily credits anew. Pure. */

export interface CreditAccount {
  readonly userId: number
  readonly plan: string
  readonly credits: number
  /** The day of the last reset. */
  readonly resetOn: string
}

export interface CreditReset {
  readonly userId: number
  /** The balance after the reset: what was left of the day before is gone. */
  readonly balance: number
  readonly delta: number
}

/** Every account that was not reset on `day` or later, and whose plan has an allowance. */
export function planCreditReset(
  accounts: readonly CreditAccount[],
  allowances: ReadonlyMap<string, number>,
  day: string,
): readonly CreditReset[] {
  return accounts.flatMap(({ userId, plan, credits, resetOn }) => {
    const balance = allowances.get(plan)
    return balance === undefined || resetOn >= day ? [] : [{ userId, balance, delta: balance - credits }]
  })
}
