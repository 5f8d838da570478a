//go:build long

package scenarios

const mutations = 100_000
