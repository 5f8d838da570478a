//go:build !long

package scenarios

const mutations = 2000
