package validate

// FormatTexts are the texts of formatCases, good and bad.
func FormatTexts() (list []string) {
	for _, c := range formatCases {
		list = append(append(list, c.good...), c.bad...)
	}
	return list
}
