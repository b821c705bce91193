package detection

import "go.yaml.in/yaml/v3"

// isSigma reports whether a document is one of a file of Sigma rules.
func isSigma(root *yaml.Node) bool {
	if root.Kind != yaml.MappingNode || member(root, "search") != nil {
		return false
	}
	return member(root, "detection") != nil || member(root, "logsource") != nil || member(root, "correlation") != nil
}

// sigma reads the rules of a Sigma file, one a document.
func (f *file) sigma(docs []*yaml.Node) []*Detection {
	f.check = CheckSigma
	f.errorf(docs[0], "cannot load: Sigma rules are not supported yet")
	return nil
}
