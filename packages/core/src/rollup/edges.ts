/**
 * Where windows begin: the edges of a grain in a zone. Pure arithmetic over the zone's segments of constant offset.
 *
 * A step of the clock (an hour or less) has an edge whenever the clocks show a multiple of it, and where they jump over
 * one: an hour that is repeated is two windows. A stretch of the calendar (hours that divide a day, days, weeks, months) begins
 * the first time that the clocks show its start, or jump over it: a day is one window, of 23, 24 or 25 hours.
 */
import { firstDayOfMonth, monthOfDay } from '../schedule/calendar-month.ts'
import { fromLocal, toLocal, type Zone, type ZoneSegment } from '../time/zone.ts'
import { DAY_MS, type ResolvedGrain } from './grain.ts'

/** The two questions that everything about windows is built from. */
export interface Edges {
  /** The last edge ≤ `at`. */
  atOrBefore(at: number): number
  /** The first edge > `at`. */
  after(at: number): number
}

export function createEdges(grain: ResolvedGrain, zone: Zone): Edges {
  switch (grain.kind) {
    case 'real':
      return realEdges(grain.stepMs)
    case 'clock':
      return clockEdges(grain.stepMs, zone)
    case 'calendar':
      return calendarEdges(grain.unit === 'step' ? steps(grain.stepMs) : CALENDARS[grain.unit], zone)
  }
}

function realEdges(stepMs: number): Edges {
  const atOrBefore = (at: number): number => Math.floor(at / stepMs) * stepMs
  return { atOrBefore, after: (at) => atOrBefore(at) + stepMs }
}

function clockEdges(stepMs: number, zone: Zone): Edges {
  const floor = (local: number): number => Math.floor(local / stepMs) * stepMs

  /** Whether the clocks show a multiple as the segment begins, or jumped over one. */
  const beginsAtEdge = ({ fromAt, offsetMs }: ZoneSegment): boolean => {
    const first = fromAt + offsetMs
    const last = floor(first)
    return last === first || last >= fromAt + zone.segmentAt(fromAt - 1).offsetMs
  }

  return {
    atOrBefore(at) {
      for (let until = at; ; ) {
        const segment = zone.segmentAt(until)
        const edge = floor(until + segment.offsetMs) - segment.offsetMs
        if (edge >= segment.fromAt) return edge
        if (beginsAtEdge(segment)) return segment.fromAt
        until = segment.fromAt - 1
      }
    },
    after(at) {
      for (let from = at; ; ) {
        const segment = zone.segmentAt(from)
        const edge = floor(from + segment.offsetMs) + stepMs - segment.offsetMs
        if (edge < segment.toAt) return edge
        from = segment.toAt
        if (beginsAtEdge(zone.segmentAt(from))) return from
      }
    },
  }
}

/** Stretches of the calendar, numbered in order. */
interface Calendar {
  numberOf(local: number): number
  /** Local time at which a stretch begins. */
  startOf(number: number): number
}

const steps = (stepMs: number): Calendar => ({
  numberOf: (local) => Math.floor(local / stepMs),
  startOf: (number) => number * stepMs,
})

const CALENDARS: Readonly<Record<'week' | 'month', Calendar>> = {
  // 1970-01-01 was a Thursday: week 0 began three days earlier.
  week: { numberOf: (local) => Math.floor((Math.floor(local / DAY_MS) + 3) / 7), startOf: (week) => (week * 7 - 3) * DAY_MS },
  month: { numberOf: (local) => monthOfDay(Math.floor(local / DAY_MS)), startOf: (month) => firstDayOfMonth(month) * DAY_MS },
}

function calendarEdges(calendar: Calendar, zone: Zone): Edges {
  const edge = (number: number): number => fromLocal(zone, calendar.startOf(number))
  /** The newest stretch that has begun; clocks that were set back may show an older one. */
  const begunAt = (at: number): number => {
    let number = calendar.numberOf(toLocal(zone, at))
    while (edge(number + 1) <= at) number++
    return number
  }
  return { atOrBefore: (at) => edge(begunAt(at)), after: (at) => edge(begunAt(at) + 1) }
}
