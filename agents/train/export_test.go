package train

// Fuses tells whether a session is played in the fused loop.
func Fuses(s *Session) bool {
	g, err := newSession(s)
	return err == nil && g.fuse() != nil
}
