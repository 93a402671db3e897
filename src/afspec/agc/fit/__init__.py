"""The statistical model of the ttbar analysis, fitted to its pseudodata: cabinetry builds it, pyhf evaluates it.

Source of the model: iris-hep/analysis-grand-challenge c37bf595, analyses/cms-open-data-ttbar/cabinetry_config.yml.
"""
