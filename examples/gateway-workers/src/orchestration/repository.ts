/** What GitHub would tell of a repository. Instants are epoch milliseconds. */

export interface Commit {
  readonly sha: string
  readonly at: number
  readonly author: string
  readonly message: string
  readonly files: readonly string[]
}

export interface Issue {
  readonly number: number
  readonly title: string
  readonly labels: readonly string[]
  readonly openedAt: number
  readonly updatedAt: number
  readonly closedAt: number | null
}

export interface PullRequest {
  readonly number: number
  readonly title: string
  readonly isDraft: boolean
  readonly openedAt: number
  readonly updatedAt: number
  readonly mergedAt: number | null
  readonly closedAt: number | null
  readonly reviews: number
}

export interface Release {
  readonly tag: string
  readonly at: number
  readonly isPrerelease: boolean
}

export interface Milestone {
  readonly title: string
  readonly closedAt: number
}

export interface Repository {
  readonly commits: readonly Commit[]
  readonly issues: readonly Issue[]
  readonly pullRequests: readonly PullRequest[]
  readonly releases: readonly Release[]
  readonly milestones: readonly Milestone[]
}

/** Where repositories are read. The service has one over a file; one over GitHub's API would have the same face. */
export interface RepositorySource {
  /** The repository as it was at `at`. Rejects when it cannot be reached. */
  read(name: string, at: number, signal: AbortSignal): Promise<Repository>
}
