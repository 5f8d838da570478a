package estimators

import "sync"

// steps tells the job's watcher of each of so many parts that is done. The function it gives may be called by several at once. Of a single part there is nothing to tell.
func (job Job) steps(total int) func() {
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; job.Progress != nil && total > 1 {
			job.Progress(min(done, total), total)
		}
	}
}
